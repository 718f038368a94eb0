# bash completion for hookline; works with bash 3.2 and later, with or without bash-completion

__hookline_complete() {
    COMPREPLY=()
    # Only what stands before the cursor counts.
    local rest=${COMP_LINE:0:COMP_POINT}
    local word trimmed line out directive flag="" head="" mark i
    local -a words=()

    # bash breaks words at = and : too; what stands together in the line is one word to hookline.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        trimmed=${rest#"${rest%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then word=$trimmed; fi
        if ((i == 0)) || [[ $trimmed != "$rest" ]]; then
            words[${#words[@]}]=$word
        else
            words[${#words[@]} - 1]=${words[${#words[@]} - 1]}$word
        fi
        rest=${rest#*"$word"}
    done

    # Quotes are taken off; nothing that was typed is evaluated.
    for ((i = 0; i < ${#words[@]}; i++)); do
        words[i]=${words[i]//[\"\'\\]/}
    done

    local cur=""
    if ((${#words[@]} > 1)); then cur=${words[${#words[@]} - 1]}; fi
    out=$(hookline complete -- "${words[@]:1}" 2>/dev/null </dev/null) || return 0
    directive=${out##*:}
    out=${out%:*}

    # What hookline answers for --flag=value is the value.
    if [[ $cur == --*=* ]]; then flag=${cur%%=*}=; fi
    # What stands before the last mark that breaks words stays as it is: bash replaces what follows it. Quotes hide marks.
    for mark in @ = :; do
        if [[ ${COMP_WORDS[COMP_CWORD]} != [\"\']* && $COMP_WORDBREAKS == *"$mark"* && ${cur#"$head"} == *"$mark"* ]]; then
            head=${cur%"${cur##*"$mark"}"}
        fi
    done

    while IFS= read -r line; do
        line=$flag${line%%$'\t'*}
        if [[ -n $line && $line != "$flag" && $line == "$cur"* ]]; then
            printf -v line %q "${line#"$head"}"
            COMPREPLY[${#COMPREPLY[@]}]=$line
        fi
    done <<<"$out"

    if [[ $directive == *[!0-9]* || -z $directive ]]; then directive=0; fi
    # compopt came with bash 4.
    if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
    if ((directive & 4)); then compopt +o default 2>/dev/null; fi
    return 0
}

# Where nothing fits, files are completed, unless hookline says that none belong there.
complete -o default -F __hookline_complete hookline
