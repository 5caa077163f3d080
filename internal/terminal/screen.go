package terminal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/unleak-dev/unleak/internal/review"
)

// ErrInterrupted says that the user, or a signal, ended the session at once.
var ErrInterrupted = errors.New("interrupted; nothing is half written")

// mode is what the screen shows, and so what keys mean.
type mode int

const (
	looking   mode = iota // at a fix
	listing               // at all of them
	helping               // at what the keys do
	prompting             // a line is typed
	asking                // does "all" mean the unsafe ones, too?
	working               // fixes are applied: only Ctrl-C is heard
	finished              // all are decided
)

type model struct {
	Options
	ctx   context.Context
	send  func(tea.Msg)
	works *sync.WaitGroup

	width, height int
	mode, back    mode // back: where a line that is typed, or help, came from
	item          *review.Item
	progress      string
	content       []string
	top           int
	more          bool
	said          string // below the content; trouble: it went wrong
	trouble       bool
	input         textinput.Model
	prompt        string // what is typed: reasonPrompt or filterPrompt
	cursor        int    // in the list
	all           bool   // "all" is meant of every file
	stop          func() // ends what works
	edit          *editing
	err           error
}

const (
	reasonPrompt = "Reason: "
	filterPrompt = "Show only: "
)

// What comes of work that is done beside the screen.
type (
	edited  struct{ err error }
	step    struct{ path string }
	stopped struct {
		applied int
		failed  []error
		err     error
	}
	ended struct{ err error } // by a signal
)

// Screen shows the fixes one by one on the terminal that In and Out are, until all
// are decided or the user has enough. The terminal is given back as it was, whatever
// ends it. The error is ErrInterrupted or that of the terminal.
func Screen(ctx context.Context, o Options) error {
	m := &model{Options: o, ctx: ctx, works: &sync.WaitGroup{}, stop: func() {}}
	m.input = textinput.New()
	m.input.SetStyles(textinput.Styles{})
	m.input.SetVirtualCursor(false)
	m.input.Prompt = ""
	options := []tea.ProgramOption{tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithoutSignalHandler()}
	if !o.Paint.On {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(m, options...)
	m.send = p.Send
	stop := context.AfterFunc(ctx, func() { p.Send(ended{context.Cause(ctx)}) })
	_, err := p.Run()
	stop()
	m.stop()
	m.works.Wait()
	if m.err != nil {
		return m.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("the terminal: %w", err)
	}
	return nil
}

func (m *model) Init() tea.Cmd {
	m.load()
	return nil
}

func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.layout()
	case ended:
		m.err = msg.err
		return m, tea.Quit
	case edited:
		m.wasEdited(msg.err)
	case step:
		if m.mode == working {
			m.say("Applying: " + m.Shown(msg.path) + " …")
		}
	case stopped:
		m.wasApplied(msg)
	case tea.PasteMsg:
		if m.mode == prompting {
			return m, m.typed(msg)
		}
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

func (m *model) key(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	switch {
	case key == "ctrl+c":
		m.stop()
		m.err = ErrInterrupted
		return tea.Quit
	case key == "ctrl+z":
		return tea.Suspend
	case m.mode == working:
		return nil
	case m.mode == prompting:
		return m.promptKey(key, msg)
	case m.mode == asking:
		return m.askKey(key)
	case m.mode == listing:
		return m.listKey(key)
	case m.mode == helping:
		m.helpKey(key)
		return nil
	}
	m.say("")
	if m.scroll(key) {
		return nil
	}
	switch key {
	case "q":
		return tea.Quit
	case "?":
		m.show(helping)
	case "l", "tab":
		m.show(listing)
	case "/":
		return m.ask(filterPrompt)
	case "u":
		what, err := m.Session.Undo(m.ctx)
		if what == "" {
			what = "There is nothing to undo."
		}
		m.say(what)
		m.fail(err)
		m.load()
	}
	if m.mode == finished {
		return nil
	}
	return m.decide(key)
}

// decide is what keys mean that are about the fix on the screen.
func (m *model) decide(key string) tea.Cmd {
	s := m.Session
	switch key {
	case "y":
		m.fail(s.Apply(m.ctx))
		m.load()
	case "n":
		s.Skip()
		m.load()
	case "d":
		s.SkipFile()
		m.load()
	case "a", "A":
		m.all = key == "A"
		path := s.Path()
		if m.all {
			path = ""
		}
		safe, unsafe := s.Remaining(path)
		if unsafe > 0 && !m.Unsafe {
			m.mode = asking
			m.say(restQuestion(safe, unsafe))
			return nil
		}
		return m.rest(m.Unsafe)
	case "e":
		return m.startEdit()
	case "i":
		if m.item.State == review.Applied || m.item.State == review.Ignored {
			m.fail(errors.New("this is decided; u takes the last decision back"))
			return nil
		}
		return m.ask(reasonPrompt)
	case "w":
		m.more = !m.more
		m.layout()
	case "left", "right":
		m.neighbour(key == "right")
	}
	return nil
}

// neighbour goes to the next or the previous fix, decided or not.
func (m *model) neighbour(next bool) {
	visible := m.Session.Visible()
	for i, it := range visible {
		if it != m.item {
			continue
		}
		if next {
			i++
		} else {
			i--
		}
		if i >= 0 && i < len(visible) {
			m.Session.Goto(visible[i])
			m.load()
		}
		return
	}
}

// load shows the current fix from its top.
func (m *model) load() {
	s := m.Session
	it, said, err := s.Current(m.ctx)
	if it == nil && err == nil && s.Filtered() != "" && s.Count(review.Open) > 0 {
		said = append(said, fmt.Sprintf("Nothing is left that matches %q; all are shown again.", s.Filtered()))
		s.Filter("")
		var more []string
		it, more, err = s.Current(m.ctx)
		said = append(said, more...)
	}
	for _, text := range said {
		if m.said != "" {
			text = strings.TrimSuffix(m.said, ".") + "; " + text
		}
		m.said = text
	}
	m.fail(err)
	if it != m.item {
		m.more = false
	}
	m.item, m.top, m.mode = it, 0, looking
	if it == nil {
		m.mode = finished
	}
	m.layout()
}

func (m *model) say(text string) { m.said, m.trouble = text, false }

func (m *model) fail(err error) {
	if err != nil {
		m.said, m.trouble = err.Error(), true
	}
}

// rest applies what remains, beside the screen.
func (m *model) rest(unsafe bool) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	m.mode, m.stop = working, cancel
	m.works.Add(1)
	return func() tea.Msg {
		defer m.works.Done()
		defer cancel()
		var out stopped
		out.applied, out.failed, out.err = m.Session.Rest(ctx, m.all, unsafe, func(path string) { m.send(step{path}) })
		return out
	}
}

func (m *model) wasApplied(msg stopped) {
	m.say(fmt.Sprintf("%d applied.", msg.applied))
	if err := errors.Join(append(msg.failed, msg.err)...); err != nil {
		m.fail(fmt.Errorf("%d applied; %w", msg.applied, err))
	}
	m.load()
}

func (m *model) startEdit() tea.Cmd {
	if m.item.State == review.Applied || m.item.State == review.Ignored {
		m.fail(errors.New("this is decided; u takes the last decision back"))
		return nil
	}
	e, err := edit(m.ctx, m.item.Path, m.item.Change.New)
	if err != nil {
		m.fail(err)
		return nil
	}
	m.edit = e
	m.Editing(true)
	return tea.ExecProcess(e.command, func(err error) tea.Msg { return edited{err} })
}

func (m *model) wasEdited(ran error) {
	m.Editing(false)
	defer m.edit.remove()
	text, err := m.edit.text(ran)
	if err != nil {
		m.fail(err)
		return
	}
	is, err := m.Session.Propose(m.ctx, text)
	m.fail(err)
	if err == nil && !is {
		m.say("The edit changes nothing, so it is dropped.")
	}
	m.load()
}
