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
		{"require('ajv'); ajv.addSchema(schema, id)", false, true},
		{"return new Scope(this)", false, true},

		// A module is named in quotes.
		{"import * as http from 'node:http'; http.get(url, (res) => {})", true, true},
		{"const { get } = require(\"http\"); get(url, (res) => {})", true, true},
		{"import { HttpClient } from '@angular/common/http'; this.http.get('http://rows', (rows) => {})", false, false},

		// A method is behind a dot and is called; in prose it is a word like others.
		{"// it depends on (or listens on) what is on", false, false},
		{"on('row', draw); const on = bus.on", false, false},
		{"bus.on('row', draw)", true, true},
		{"bus\n  ?.on\n  ?.('row', draw)", true, true},
		{"bus./* all */on<Row>('row', draw)", true, true},
		{"on(1); bus.on /* here */ ('row', draw)", true, true},
		{"(bus.on)('row', draw); (bus.on as any)('row', draw)", true, true},
		{"bus.on!('row', draw)", true, true},

		// What a call returned is a subject only where the file says so.
		{"this.rows$.subscribe(draw)", true, true},
		{"this.rows$.pipe(map(f)).subscribe(draw)", false, false},
		{"rows()\n  ?.subscribe(draw)", false, false},
		{"rows().subscribe(draw); this.rows$.subscribe(draw)", true, true},
		{"const rows = (): Subject<Row> => all; rows().subscribe(draw)", true, true},
		{"import { interval } from 'rxjs'; interval(9).subscribe(draw)", true, true},
		{"import { timer } from 'rxjs'; timer(9).subscribe(draw)", false, false},

		// What the project declares itself counts where what it gives is kept.
		{"this.sub = feed\n  .changes.subscribe(draw)", true, true},
		{"return this.feed?.subscribe(draw)", true, true},
		{"ends.push(this.#feed.subscribe(draw))", true, true},
		{"const end = () => feed.subscribe(draw)", true, true},
		{"const end = make(feed).subscribe(draw)", false, false},
	} {
		for _, offers := range []bool{false, true} {
			want := tt.leaks || offers && tt.offering
			if got := NewDetector(nil, kinds, offers).IsCandidate([]byte(tt.src)); got != want {
				t.Errorf("%q is a candidate: %v, want %v (offers %v)", tt.src, got, want, offers)
			}
		}
	}
}

// lease is a kind whose handle is an argument, and whose release needs to know
// another one.
const lease = `from: ws
acquire: adopt($HANDLE, $OWNER)
release: disown($HANDLE, $OWNER)
fails: never

Leases.
`

// ownKind is made by a construction, with an exception.
const ownKind = `from: ws
acquire: new WebSocket($URL)
except: new WebSocket(null)
release: $HANDLE.close()
release: $HANDLE.terminate()
works: alone
fails: never
phase: high

Sockets.
-- made/made.ts --
import { WebSocket as Socket, Server, adopt, disown } from 'ws';
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
    adopt(this.taken, 'a');
  }
  stop() {
    disown(this.taken, 'b');
  }
}
export class Adopter {
  private taken?: Socket;
  open() {
    adopt(this.taken, 'a');
  }
  stop() {
    disown(this.taken, 'a');
  }
}
export function ended(url: string) {
  const socket = new Socket(url);
  socket.terminate();
}
export const box = {
  socket: undefined as unknown,
  open() {
    adopt(this.socket, 'a');
    adopt(self, 'a');
    adopt(lost, 'a');
    adopt(Feed, 'a');
    adopt(box.socket, 'a');
    adopt(use(1), 'a');
  },
};
`

// TestOwnKind: what a kind can say and no built-in one does.
func TestOwnKind(t *testing.T) {
	k, err := ParseKind("socket.txtar", []byte(ownKind))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ParseKind("lease.txtar", []byte(lease))
	if err != nil {
		t.Fatal(err)
	}
	c := k.Cases[0]
	p, err := project.Open(WriteCase(t, c))
	if err != nil {
		t.Fatal(err)
	}
	m := MendText(t, NewDetector(p, []*Kind{k, l}, false), "made.ts", c.Files["made.ts"])
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
lease, line 22, of class Feed: moved
    22 acquired: import ws
    25 moved: handed to disown
lease, line 31, of class Adopter: met
    31 acquired: import ws
    34 met: released by disown(this.taken, 'a')
socket, line 38, of block ended: met
    38 acquired: import ws
    39 released by socket.terminate()
    38 met: settled on every way out
lease, line 44, of  : moved
    44 acquired: import ws
    44 moved: belongs to an object that cannot be seen whole
lease, line 45, of  : moved
    45 acquired: import ws
    45 moved: global
lease, line 46, of  : moved
    46 acquired: import ws
    46 moved: belongs to the module, which lives as long as the process
lease, line 47, of  : moved
    47 acquired: import ws
    47 moved: belongs to the module, which lives as long as the process
lease, line 48, of  : moved
    48 acquired: import ws
    48 moved: belongs to an object that cannot be seen whole
lease, line 49, of  : moved
    49 acquired: import ws
    49 moved: the handle is dropped, or only listened to: taken as meant to stay
high leak, line 21: socket of Feed is never released: it outlives the instance (never released; import ws)
    exit in line 24: stop() leaves it
safe fix: Release the sockets of Feed in stop()
`
	if got := About("made.ts", m); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
