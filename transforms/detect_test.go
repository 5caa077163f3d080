package transforms

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// eachCase calls f for every case there is, the kinds' own and the traps.
func eachCase(t *testing.T, f func(t *testing.T, kinds []*Kind, c Case)) {
	t.Helper()
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		for _, c := range k.Cases {
			t.Run(k.Name+"/"+c.Name, func(t *testing.T) { f(t, kinds, c) })
		}
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := ParseCases(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(filepath.Base(file)+"/"+c.Name, func(t *testing.T) { f(t, kinds, c) })
		}
	}
}

// TestOffersOnlyWhenAsked: without offers the same leaks are found, and no offer.
func TestOffersOnlyWhenAsked(t *testing.T) {
	offers := 0
	eachCase(t, func(t *testing.T, kinds []*Kind, c Case) {
		p, err := project.Open(WriteCase(t, c))
		if err != nil {
			t.Fatal(err)
		}
		for rel, text := range c.Files {
			if !isExample(rel) {
				continue
			}
			f, err := syntax.Parse(t.Context(), rel, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			found := map[bool][]string{}
			for _, asked := range []bool{true, false} {
				for _, o := range NewDetector(p, kinds, asked).Detect(t.Context(), f) {
					switch {
					case o.Status != Unmet:
					case o.Standing == Leak:
						found[asked] = append(found[asked], o.Message)
					case asked:
						offers++
					default:
						t.Errorf("%s: offered without being asked: %s", rel, o.Message)
					}
				}
			}
			if !slices.Equal(found[true], found[false]) {
				t.Errorf("%s: leaks with offers:\n%s\nwithout:\n%s", rel, strings.Join(found[true], "\n"), strings.Join(found[false], "\n"))
			}
		}
	})
	if offers == 0 {
		t.Error("no case has an offer")
	}
}

// TestIsCandidate: a file is parsed where a kind's module and acquisition stand
// in its text, and for what can only be an offer where offers are wanted.
func TestIsCandidate(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		src             string
		leaks, offering bool
	}{
		{"setInterval(draw, 10)", true, true},
		{"mySetInterval(draw, setIntervals)", false, false},
		{"// nothing", false, false},
		{"import puppeteer from 'puppeteer'; puppeteer.launch()", true, true},
		{"rocket.launch()", false, false},
		{"ajv.addSchema(schema, id) // ajv", false, true},
		{"return new Scope(this)", false, true},
	} {
		for _, offers := range []bool{false, true} {
			want := tt.leaks || offers && tt.offering
			if got := NewDetector(nil, kinds, offers).IsCandidate([]byte(tt.src)); got != want {
				t.Errorf("%q is a candidate: %v, want %v (offers %v)", tt.src, got, want, offers)
			}
		}
	}
}

// ownKind is what a user might add: a construction, with an exception, whose
// handle is the argument of another call in a second form.
const ownKind = `from: ws
acquire: new WebSocket($URL)
acquire: adopt($HANDLE)
except: new WebSocket(null)
release: $HANDLE.close()
release: $HANDLE.terminate()
works: alone
fails: never
phase: high

Sockets.
-- made/made.ts --
import { WebSocket as Socket, Server, adopt } from 'ws';
import * as ws from 'ws';
import { WebSocket as Other } from 'isows';

declare function use(x: unknown): void;
declare let lost: Socket;

export function all(url: string) {
  use(new Socket(url));
  use(new ws.WebSocket(url));
  use(new Server(url as never));
  use(new Other(url));
  use(new Socket(null));
  use(new Socket(url, []));
  use((Socket as any)(url));
}
export class Feed {
  private socket?: Socket;
  private taken?: Socket;
  open(url: string) {
    this.socket = new Socket(url); // want never released
    adopt(this.taken); // want never released
  }
  stop() {
    use('stopped');
  }
}
export function ended(url: string) {
  const socket = new Socket(url);
  socket.terminate();
}
export const box = {
  socket: undefined as unknown,
  open() {
    adopt(this.socket);
    adopt(self);
    adopt(lost);
    adopt(Feed);
    adopt(box.socket);
    adopt(use(1));
  },
};
`

// TestOwnKind: what a kind can say and no built-in one does.
func TestOwnKind(t *testing.T) {
	k, err := ParseKind("socket.txtar", []byte(ownKind))
	if err != nil {
		t.Fatal(err)
	}
	c := k.Cases[0]
	p, err := project.Open(WriteCase(t, c))
	if err != nil {
		t.Fatal(err)
	}
	m := MendText(t, NewDetector(p, []*Kind{k}, true), "made.ts", c.Files["made.ts"])
	wants(t, "made.ts", c.Files["made.ts"], m)
	want := `== made.ts
socket, line 9, of  : moved
    9 acquired: import ws
    9 moved: handed to use
socket, line 10, of  : moved
    10 acquired: import ws
    10 moved: handed to use
socket, line 21, of class Feed: unmet
    21 acquired: import ws
socket, line 22, of class Feed: unmet
    22 acquired: import ws
socket, line 29, of block ended: met
    29 acquired: import ws
    30 released by socket.terminate()
    29 met: settled on every way out
socket, line 35, of  : moved
    35 acquired: import ws
    35 moved: belongs to an object that cannot be seen whole
socket, line 36, of  : moved
    36 acquired: import ws
    36 moved: global
socket, line 37, of  : moved
    37 acquired: import ws
    37 moved: belongs to the module, which lives as long as the process
socket, line 38, of  : moved
    38 acquired: import ws
    38 moved: belongs to the module, which lives as long as the process
socket, line 39, of  : moved
    39 acquired: import ws
    39 moved: belongs to something else
socket, line 40, of  : moved
    40 acquired: import ws
    40 moved: the handle is dropped, or only listened to: taken as meant to stay
high leak, line 21: socket of Feed is never released: it outlives the instance (never released; import ws)
    exit in line 24: stop() leaves it
high leak, line 22: socket of Feed is never released: it outlives the instance (never released; import ws)
    exit in line 24: stop() leaves it
safe fix: Release the sockets of Feed in stop()
`
	if got := About("made.ts", m); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
