// Doorbench has the programs that the bench of the front door compares it with and measures it by.
//
//	doorbench engine PORT               a stand-in for an inference engine
//	doorbench proxy PORT ENGINE_PORT    a stand-in for llama-swap
//	doorbench load OPTIONS              measures; prints JSON
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	var err error
	switch command, args := os.Args[1], os.Args[2:]; command {
	case "engine":
		err = http.ListenAndServe("127.0.0.1:"+args[0], http.HandlerFunc(answer))
	case "proxy":
		err = http.ListenAndServe("127.0.0.1:"+args[0], newProxy(args[1]))
	case "load":
		err = load(args)
	default:
		err = fmt.Errorf("unknown command %s", command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "doorbench:", err)
		os.Exit(1)
	}
}
