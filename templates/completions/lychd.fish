# Completions of lychd for fish:  lychd completions fish > ~/.config/fish/completions/lychd.fish
function __lychd_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (command lychd complete fish -- $words[2..] "$current" 2>/dev/null)
    set -l option (string match -r -- '^--[^=]+=' "$current")
    set -l path (string replace -r -- '^--[^=]+=' '' "$current")
    switch "$answer[1]"
        case files
            printf "$option%s\n" (__fish_complete_path "$path")
        case folders
            printf "$option%s\n" (__fish_complete_directories "$path")
        case words
            string join \n -- $answer[2..]
    end
end
complete -c lychd -f -a '(__lychd_complete)'
