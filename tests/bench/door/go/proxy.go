package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// proxy does the same work for each request as llama-swap: it reads the body, finds the model in it,
// copies the body for its filters and for its record of requests, waits for its turn at the engine,
// forwards, and keeps the answer to read the token counts from it. It is written from the behaviour of
// llama-swap. Storing the record is left out.
type proxy struct {
	forward *httputil.ReverseProxy
	waiting chan waiter
	ended   chan struct{}
}

type waiter struct {
	turn    chan struct{}
	context context.Context
}

func newProxy(enginePort string) *proxy {
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + enginePort})
	forward.Transport = &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        100,
		MaxIdleConnsPerHost: 10,
		IdleConnTimeout:     90 * time.Second,
	}
	forward.ModifyResponse = func(response *http.Response) error {
		if isEventStream(response.Header) {
			response.Header.Set("X-Accel-Buffering", "no")
		}
		return nil
	}
	p := &proxy{forward, make(chan waiter), make(chan struct{})}
	go p.giveTurns()
	return p
}

// giveTurns lets one request after the other go to the engine, and counts those under way.
func (p *proxy) giveTurns() {
	underWay := 0
	for {
		select {
		case w := <-p.waiting:
			select {
			case w.turn <- struct{}{}:
				underWay++
			case <-w.context.Done():
			}
		case <-p.ended:
			underWay--
		}
	}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if member(body, "model") == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	member(body, "stream")
	for range []string{"the filters", "the record"} {
		body, _ = io.ReadAll(bytes.NewReader(body))
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))

	mine := waiter{make(chan struct{}), ctx}
	p.waiting <- mine
	select {
	case <-mine.turn:
	case <-ctx.Done():
		return
	}
	defer func() { p.ended <- struct{}{} }()
	kept := &keeping{ResponseWriter: w}
	p.forward.ServeHTTP(kept, r)
	readUsage(kept.body.Bytes(), isEventStream(w.Header()))
}

func readUsage(answer []byte, isEventStream bool) {
	if !isEventStream {
		member(answer, "usage")
		return
	}
	for _, line := range bytes.Split(answer, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("data:")) {
			member(line[len("data:"):], "usage")
		}
	}
}

func isEventStream(header http.Header) bool {
	return strings.Contains(strings.ToLower(header.Get("Content-Type")), "text/event-stream")
}

// keeping keeps a copy of the answer.
type keeping struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (k *keeping) Write(b []byte) (int, error) {
	k.body.Write(b)
	return k.ResponseWriter.Write(b)
}

func (k *keeping) Flush() { k.ResponseWriter.(http.Flusher).Flush() }
