package main

import "bytes"

// member returns the text of the value of a top-level member of a JSON object, or nil. It stops at the
// member and checks nothing else, as the JSON reader of llama-swap does.
func member(object []byte, name string) []byte {
	depth, isName := 0, false
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
			isName = depth == 1
		case '}', ']':
			depth--
		case ',':
			isName = depth == 1
		case '"':
			after := endOfString(object, i)
			if isName && string(object[i+1:after-1]) == name {
				return value(object[after:])
			}
			isName = false
			i = after - 1
		}
	}
	return nil
}

// value returns the value after the name of a member.
func value(rest []byte) []byte {
	rest = bytes.TrimLeft(rest, " \t\r\n:")
	if len(rest) > 0 && rest[0] == '"' {
		return rest[:endOfString(rest, 0)]
	}
	if end := bytes.IndexAny(rest, ",}"); end >= 0 {
		return rest[:end]
	}
	return rest
}

// endOfString returns the index after the closing quote of the string that begins at `start`.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
