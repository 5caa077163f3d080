package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/review"
)

// Options are what a session is shown with.
type Options struct {
	Session *review.Session
	In      io.Reader
	Out     io.Writer
	Paint   report.Paint
	Unsafe  bool                // "all" means the unsafe ones, too, without asking
	Shown   func(string) string // a path as the user would type it
	// Editing is told when the editor has the terminal, and when it has not: what
	// interrupts it is not meant for this program then.
	Editing func(bool)
}

// Help is what every key does.
const Help = `y  apply this fix
n  skip it
a  apply this one and the rest of the file
d  skip this one and the rest of the file
A  apply all that remain, in every file
e  edit the new text in $VISUAL or $EDITOR before applying
i  write a comment that silences it, with a reason
u  undo the last decision, or drop the edit
w  more of the code, and what the kind is about
/  show only a kind, a phase, safe or unsafe, or a part of a path
l  list them all, to move around
?  this help
q  quit; what was applied stays`

// plain asks line by line.
type plain struct {
	Options
	lines chan string
	more  bool
	echo  bool // no terminal shows what is typed
}

// Plain asks about each fix on Out and reads the answers from In, one letter a line.
// What i and / want may follow the letter. The end of the input quits. The error is
// that of a cancelled ctx, or of the output.
func Plain(ctx context.Context, o Options) error {
	p := &plain{Options: o, lines: make(chan string)}
	f, ok := o.In.(*os.File)
	p.echo = !ok || !isTerminal(f)
	done := make(chan struct{})
	defer close(done)
	go p.read(done)
	var last *review.Item
	for {
		it, said, err := p.Session.Current(ctx)
		if err != nil {
			return err
		}
		for _, s := range said {
			p.say("%s.", strings.TrimSuffix(s, "."))
		}
		if it == nil {
			if p.Session.Filtered() != "" && p.unshown() {
				p.say("Nothing is left that matches %q; all are shown again.", p.Session.Filtered())
				p.Session.Filter("")
				continue
			}
			return nil
		}
		if it != last {
			last, p.more = it, false
		}
		if err := p.show(it); err != nil {
			return err
		}
		for again := true; again; {
			var quit bool
			again, quit, err = p.ask(ctx, it)
			if err != nil {
				return err
			}
			if quit {
				return nil
			}
		}
	}
}

// unshown reports whether there are open items that the filter hides.
func (p *plain) unshown() bool { return p.Session.Count(review.Open) > 0 }

func (p *plain) read(done chan struct{}) {
	defer close(p.lines)
	in := bufio.NewReader(p.In)
	for {
		line, err := in.ReadString('\n')
		if err != nil && line == "" {
			return
		}
		select {
		case p.lines <- strings.TrimRight(line, "\r\n"):
		case <-done:
			return
		}
	}
}

func (p *plain) say(format string, args ...any) {
	fmt.Fprintln(p.Out, diffview.Visible(fmt.Sprintf(format, args...)))
}

func (p *plain) show(it *review.Item) error {
	at, of, applied := p.Session.Progress()
	f := frame{paint: p.Paint, more: p.more, shown: p.Shown}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d of %d, %d applied\n", at, of, applied)
	for _, line := range f.head(it) {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n")
	for _, line := range f.diff(it) {
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(p.Out, b.String())
	return err
}

// line asks a question and reads the answer; false at the end of the input.
func (p *plain) line(ctx context.Context, question string) (string, bool, error) {
	if _, err := io.WriteString(p.Out, question); err != nil {
		return "", false, err
	}
	select {
	case line, ok := <-p.lines:
		if !ok {
			_, err := io.WriteString(p.Out, "\n")
			return "", false, err
		}
		if p.echo {
			fmt.Fprintln(p.Out, line)
		}
		return strings.TrimSpace(line), true, nil
	case <-ctx.Done():
		_, _ = io.WriteString(p.Out, "\n")
		return "", false, context.Cause(ctx)
	}
}

// ask asks what to do with an item, and does it. again says that the item was not
// decided about and need not be shown anew.
func (p *plain) ask(ctx context.Context, it *review.Item) (again, quit bool, err error) {
	answer, ok, err := p.line(ctx, "Apply this fix? [y,n,a,d,A,q,e,i,w,u,l,/,?] ")
	if err != nil || !ok {
		return false, true, err
	}
	letter, rest, _ := strings.Cut(answer, " ")
	if strings.HasPrefix(answer, "/") {
		letter, rest = "/", strings.TrimSpace(answer[1:])
	}
	s := p.Session
	switch letter {
	case "y":
		return false, false, p.tell(s.Apply(ctx))
	case "n":
		s.Skip()
	case "d":
		s.SkipFile()
	case "a", "A":
		return p.rest(ctx, letter == "A")
	case "e":
		return false, false, p.edit(ctx, it)
	case "i":
		if rest == "" {
			if rest, ok, err = p.line(ctx, "The reason: "); err != nil || !ok {
				return false, true, err
			}
		}
		if rest == "" {
			p.say("Without a reason nothing is written.")
			return true, false, nil
		}
		if err := s.Ignore(ctx, rest); err != nil {
			return false, false, p.tell(err)
		}
	case "u":
		what, err := s.Undo(ctx)
		if what == "" {
			what = "There is nothing to undo."
		}
		p.say("%s", what)
		return false, false, p.tell(err)
	case "w":
		p.more = !p.more
	case "/":
		if rest == "" && answer == "/" {
			if rest, ok, err = p.line(ctx, "Show only (empty: all): "); err != nil || !ok {
				return false, true, err
			}
		}
		if s.Filter(rest) == 0 {
			p.say("Nothing matches %q.", rest)
			return true, false, nil
		}
	case "l":
		p.list()
		return true, false, nil
	case "q":
		return false, true, nil
	default:
		if n, err := strconv.Atoi(letter); err == nil && n > 0 && n <= len(s.Visible()) {
			s.Goto(s.Visible()[n-1])
			return false, false, nil
		}
		_, err := fmt.Fprintln(p.Out, Help+"\nA number goes to that fix of the list.")
		return true, false, err
	}
	return false, false, nil
}

// tell says what went wrong. Only the end of the session is returned.
func (p *plain) tell(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	p.say("%v.", err)
	return nil
}

func (p *plain) list() {
	for i, it := range p.Session.Visible() {
		p.say("%d. %s", i+1, describe(it, p.Shown))
	}
}

// describe is an item in one line.
func describe(it *review.Item, shown func(string) string) string {
	o := it.Fix.Plan.Obligations[0]
	line, _ := o.File.Position(o.At.Start())
	return fmt.Sprintf("%-7s %s:%d %s, %s: %s", it.State, shown(it.Path), line, it.Fix.Phase(), it.Fix.Applicability, it.Fix.Message)
}

func (p *plain) rest(ctx context.Context, all bool) (again, quit bool, err error) {
	path := p.Session.Path()
	if all {
		path = ""
	}
	unsafe := p.Unsafe
	if safe, doubtful := p.Session.Remaining(path); doubtful > 0 && !unsafe {
		answer := ""
		for answer != "a" && answer != "s" {
			var ok bool
			var err error
			if answer, ok, err = p.line(ctx, restQuestion(safe, doubtful)+" "); err != nil || !ok {
				return false, true, err
			}
			if answer == "n" {
				return true, false, nil
			}
		}
		unsafe = answer == "a"
	}
	n, failed, err := p.Session.Rest(ctx, all, unsafe, func(string) {})
	for _, f := range failed {
		p.say("%v.", f)
	}
	p.say("%d applied.", n)
	return false, false, err
}

// restQuestion asks whether "all" is meant so.
func restQuestion(safe, unsafe int) string {
	return fmt.Sprintf("Of what remains %d are safe and %d unsafe. Apply [a] all, [s] the safe ones, [n] none?", safe, unsafe)
}

func (p *plain) edit(ctx context.Context, it *review.Item) error {
	if it.State != review.Open && it.State != review.Skipped {
		p.say("This is decided; u takes the last decision back.")
		return nil
	}
	e, err := edit(ctx, it.Path, it.Change.New)
	if err != nil {
		return p.tell(err)
	}
	defer e.remove()
	e.command.Stdout, e.command.Stderr = p.Out, os.Stderr
	if f, ok := p.In.(*os.File); ok && isTerminal(f) {
		e.command.Stdin = f
	}
	p.Editing(true)
	ran := e.command.Run()
	p.Editing(false)
	text, err := e.text(ran)
	if err != nil {
		return p.tell(err)
	}
	edited, err := p.Session.Propose(ctx, text)
	if err == nil && !edited {
		p.say("The edit changes nothing, so it is dropped.")
	}
	return p.tell(err)
}
