# Completions of lychd for bash. In a session or in ~/.bashrc:  source <(lychd completions bash)
_lychd() {
    local -a answer
    # The line is passed as text: nothing in it is run.
    mapfile -t answer < <(command lychd complete bash -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    case ${answer[0]} in
        files) compopt -o default ;;
        folders) compopt -o dirnames ;;
        *) COMPREPLY=("${answer[@]:1}") ;;
    esac
}
complete -F _lychd lychd
