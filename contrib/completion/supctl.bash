# SPDX-License-Identifier: MIT
# bash completion for supctl. Verbs and options come from supctl's own tables (`supctl _words`),
# so this file never has to change with them.

_supctl_words() {
	# $1: "verb" or "option"; prints the second column
	supctl _words 2>/dev/null | while read -r kind name _; do
		[[ $kind == "$1" ]] && printf '%s\n' "$name"
	done
}

_supctl_operand() {
	supctl _words 2>/dev/null | while read -r kind name operand; do
		[[ $kind == verb && $name == "$1" ]] && printf '%s\n' "$operand"
	done
}

_supctl_units() {
	local -a instance=()
	[[ -n $1 ]] && instance=(--runtime-dir "$1")
	if [[ -n $2 ]]; then
		supctl --root "$2" list-unit-files --no-legend 2>/dev/null | cut -d' ' -f1
		return
	fi
	{
		supctl "${instance[@]}" list --all --no-legend --plain
		supctl "${instance[@]}" list-unit-files --no-legend
	} 2>/dev/null | while read -r name _; do
		printf '%s\n' "$name"
	done | sort -u
}

# The options that a verb heeds
_supctl_heeded() {
	supctl _words 2>/dev/null | while read -r kind verb name; do
		[[ $kind == for && $verb == "$1" ]] && printf '%s\n' "$name"
	done
}

# Does an option take an argument?
_supctl_takes() {
	supctl _words 2>/dev/null | grep -qxF -- "option $1 argument"
}

_supctl() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' runtime='' root='' i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--runtime-dir) runtime=${COMP_WORDS[++i]} ;;
		--root) root=${COMP_WORDS[++i]} ;;
		-*) _supctl_takes "${COMP_WORDS[i]}" && ((i++)) ;;
		*) [[ -z $verb ]] && verb=${COMP_WORDS[i]} ;;
		esac
	done
	case $previous in
	--runtime-dir | --log-dir | --root)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W 'short cat json' -- "$current")
		return
		;;
	--kill-whom)
		mapfile -t COMPREPLY < <(compgen -W 'all main control' -- "$current")
		return
		;;
	-t | --type)
		mapfile -t COMPREPLY < <(compgen -W 'service socket target slice timer path mount automount swap device' \
			-- "$current")
		return
		;;
	esac
	if [[ $current == -* && -n $verb ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_supctl_heeded "$verb")" -- "$current")
		return
	fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_supctl_words option)" -- "$current")
		return
	fi
	if [[ -z $verb ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_supctl_words verb)" -- "$current")
		return
	fi
	case $(_supctl_operand "$verb") in
	unit) mapfile -t COMPREPLY < <(compgen -W "$(_supctl_units "$runtime" "$root")" -- "$current") ;;
	file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	verb) mapfile -t COMPREPLY < <(compgen -W "$(_supctl_words verb)" -- "$current") ;;
	esac
}

complete -F _supctl supctl
