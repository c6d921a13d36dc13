package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A request that takes longer has failed.
const deadline = 60 * time.Second

// target is a program that answers requests.
type target struct {
	name, port, pid string
	rounds          []round
}

// round has the measurements of one round.
type round struct {
	Requests          int     `json:"requests"`
	MedianMicros      float64 `json:"median_microseconds"`
	P99Micros         float64 `json:"p99_microseconds"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	// CPU time of the target's process, in steps of 10 ms.
	CPUMicros float64 `json:"cpu_microseconds"`
}

// load sends the same requests to each target in turn, round after round, so that all targets have the
// same quiet and busy moments of the machine. It prints the rounds of each target as JSON. An answer
// that is not complete ends it with an error.
func load(args []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	names := flags.String("targets", "", "NAME=PORT:PID,… (the PID is optional)")
	clients := flags.Int("clients", 1, "requests at a time")
	requests := flags.Int("requests", 500, "requests to each target in each round")
	rounds := flags.Int("rounds", 5, "rounds, after one that is not counted")
	chunks := flags.Int("chunks", 0, "SSE chunks of an answer; 0 for an answer in one piece")
	gap := flags.Int("gap", 0, "microseconds between two chunks")
	size := flags.Int("size", 400, "bytes of the request's prompt, about")
	flags.Parse(args)

	targets := parseTargets(*names)
	body := chat(*size)
	for r := -1; r < *rounds; r++ {
		for i := range targets {
			// Each target is the first of some round.
			t := targets[(i+r+1)%len(targets)]
			head := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"+
				"Content-Type: application/json\r\nAuthorization: Bearer sk-x\r\n"+
				"User-Agent: OpenAI/Python 2.1\r\nAccept: application/json\r\n"+
				"%s: %d\r\n%s: %d\r\nContent-Length: %d\r\n\r\n",
				t.port, chunksHeader, *chunks, gapHeader, *gap, len(body))
			request := append([]byte(head), body...)
			measured, err := t.measure(request, *clients, *requests, *chunks)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			if r >= 0 {
				t.rounds = append(t.rounds, measured)
			}
		}
	}
	byName := map[string][]round{}
	for _, t := range targets {
		byName[t.name] = t.rounds
	}
	return json.NewEncoder(os.Stdout).Encode(byName)
}

func parseTargets(text string) []*target {
	var targets []*target
	for _, each := range strings.Split(text, ",") {
		name, place, _ := strings.Cut(each, "=")
		port, pid, _ := strings.Cut(place, ":")
		targets = append(targets, &target{name: name, port: port, pid: pid})
	}
	return targets
}

// chat returns a request whose model comes last, as that of the Python client of OpenAI.
func chat(size int) []byte {
	const picture = "iVBORw0KGgoAAAANSUhEUgAA"
	return []byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"What is on it?"},` +
		`{"type":"image_url","image_url":{"url":"data:image/png;base64,` +
		strings.Repeat(picture, size/len(picture)) + `"}}]}],"model":"eye"}`)
}

func (t *target) measure(request []byte, clients, requests, chunks int) (round, error) {
	left := make(chan struct{}, requests)
	for i := 0; i < requests; i++ {
		left <- struct{}{}
	}
	close(left)
	var (
		group  sync.WaitGroup
		lock   sync.Mutex
		micros []float64
		failed error
	)
	cpu, start := cpuMicros(t.pid), time.Now()
	for i := 0; i < clients; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			own, err := sendAll(t.port, request, left, chunks)
			lock.Lock()
			defer lock.Unlock()
			micros = append(micros, own...)
			if err != nil {
				failed = err
			}
		}()
	}
	group.Wait()
	seconds := time.Since(start).Seconds()
	sort.Float64s(micros)
	measured := round{Requests: len(micros), CPUMicros: cpuMicros(t.pid) - cpu}
	if len(micros) > 0 {
		measured.MedianMicros = micros[len(micros)/2]
		measured.P99Micros = micros[len(micros)*99/100]
		measured.RequestsPerSecond = float64(len(micros)) / seconds
	}
	return measured, failed
}

// sendAll sends requests over one connection until none is left. It returns the time of each.
func sendAll(port string, request []byte, left <-chan struct{}, chunks int) ([]float64, error) {
	connection, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 65536)
	var micros []float64
	for range left {
		start := time.Now()
		connection.SetDeadline(start.Add(deadline))
		if _, err := connection.Write(request); err != nil {
			return micros, err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return micros, err
		}
		if err := readAnswer(response, chunks); err != nil {
			return micros, err
		}
		micros = append(micros, float64(time.Since(start).Nanoseconds())/1e3)
	}
	return micros, nil
}

// readAnswer reads an answer and checks that nothing of it is missing.
func readAnswer(response *http.Response, chunks int) error {
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	if chunks == 0 {
		count, err := io.Copy(io.Discard, response.Body)
		if err == nil && count != int64(len(completion)) {
			err = fmt.Errorf("an answer of %d bytes instead of %d", count, len(completion))
		}
		return err
	}
	lines, got := bufio.NewReaderSize(response.Body, 65536), 0
	for {
		line, err := lines.ReadSlice('\n')
		if bytes.HasPrefix(line, []byte("data:")) {
			got++
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if events := chunks + strings.Count(end, "data:"); got != events {
		return fmt.Errorf("%d events instead of %d", got, events)
	}
	return nil
}

// cpuMicros returns the CPU time that a process has used.
func cpuMicros(pid string) float64 {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	// The name of the program is in parentheses, and may contain anything. utime and stime follow.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 1e4
}
