#compdef lychd
# Completions of lychd for zsh. In ~/.zshrc after compinit:  source <(lychd completions zsh)
_lychd() {
    local -a answer
    answer=("${(@f)$(command lychd complete zsh -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    [[ $words[CURRENT] == --*=* ]] && compset -P 1 '*='
    case $answer[1] in
        files) _files ;;
        folders) _files -/ ;;
        words)
            shift answer
            _describe lychd answer
            ;;
    esac
}
# As a file in fpath it runs at once; sourced, it only registers.
if [[ $funcstack[1] == _lychd ]]; then
    _lychd "$@"
else
    compdef _lychd lychd
fi
