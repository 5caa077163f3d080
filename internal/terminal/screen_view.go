package terminal

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/review"
)

// The screen, from the top: a rule with how far it is, what is to be seen, what is to be
// said, and the keys.

// layout makes the content anew, for the size of the screen.
func (m *model) layout() {
	if m.width <= 0 {
		return
	}
	if m.mode != working {
		at, of, applied := m.Session.Progress()
		m.progress = fmt.Sprintf("%d of %d, %d applied", at, of, applied)
		if at == 0 {
			m.progress = fmt.Sprintf("all decided, %d applied", applied)
		}
		if f := m.Session.Filtered(); f != "" {
			m.progress += ", only " + diffview.Visible(f)
		}
	}
	f := frame{width: m.width, more: m.more, paint: m.Paint, shown: m.Shown}
	showing := m.mode
	if showing == prompting {
		showing = m.back
	}
	switch showing {
	case listing:
		m.content = m.list()
	case helping:
		m.content = nil
		for line := range strings.Lines(Help + screenHelp) {
			m.content = append(m.content, f.text("   ", strings.TrimRight(line, "\n"))...)
		}
	case finished:
		m.content = m.farewell(f)
	case looking:
		m.content = f.lines(m.item)
	}
	m.clamp()
	if showing == listing { // the cursor is to be seen
		m.top = max(0, min(m.top, m.cursor), m.cursor-m.room()+1)
	}
}

const screenHelp = `
↑ ↓ j k PgUp PgDn Home End  scroll
← →  the fix before, the fix after; nothing is decided
Tab  the list; Enter shows what it points to
Ctrl-C  ends at once; what was applied stays
Any key goes back.`

func (m *model) list() []string {
	var out []string
	for i, it := range m.Session.Visible() {
		sign := "  "
		if i == m.cursor {
			sign = "> "
		}
		line := ansi.Truncate(sign+diffview.Visible(describe(it, m.Shown)), m.width, "…")
		switch {
		case i == m.cursor:
			line = m.Paint.Bold(line)
		case it.State == review.Applied || it.State == review.Ignored:
			line = m.Paint.Green(line)
		case it.State == review.Skipped:
			line = m.Paint.Dim(line)
		}
		out = append(out, line)
	}
	return out
}

func (m *model) farewell(f frame) []string {
	s := m.Session
	return append(f.text("", fmt.Sprintf("All is decided: %d applied, %d skipped, %d ignored.", s.Count(review.Applied), s.Count(review.Skipped), s.Count(review.Ignored))),
		f.text("", "q ends, u takes the last decision back, l lists them all.")...)
}

// room is how many lines the content has.
func (m *model) room() int { return max(m.height-2-len(m.message()), 1) }

// message is what is to be said, on a few lines.
func (m *model) message() []string {
	if m.said == "" {
		return nil
	}
	text := diffview.Visible(m.said)
	lines := strings.Split(ansi.Wrap(text, max(m.width, 8), ""), "\n")
	if most := max(m.height/3, 1); len(lines) > most {
		lines = lines[:most]
		lines[most-1] = ansi.Truncate(lines[most-1]+" …", m.width, "…")
	}
	for i := range lines {
		if m.trouble {
			lines[i] = m.Paint.Red(lines[i])
		} else {
			lines[i] = m.Paint.Cyan(lines[i])
		}
	}
	return lines
}

// rule is the line at the top.
func (m *model) rule() string {
	left := "── " + m.progress + " "
	right := ""
	if room := m.room(); len(m.content) > room {
		right = fmt.Sprintf(" %d-%d of %d ──", m.top+1, min(m.top+room, len(m.content)), len(m.content))
	}
	gap := m.width - ansi.StringWidth(left) - ansi.StringWidth(right)
	if gap < 0 {
		return m.Paint.Bold(ansi.Truncate(left, m.width, "…"))
	}
	return m.Paint.Bold(left) + m.Paint.Dim(strings.Repeat("─", gap)+right)
}

// keys names the keys, as many as fit.
func (m *model) keys() string {
	var sets []string
	switch m.mode {
	case listing:
		sets = []string{"↑↓ move  Enter show  / filter  Esc back", "↑↓ Enter Esc"}
	case helping:
		sets = []string{"any key goes back"}
	case asking:
		sets = []string{"a all  s the safe ones  n none", "a s n"}
	case working:
		sets = []string{"Ctrl-C stops"}
	case finished:
		sets = []string{"q quit  u undo  l list  ? help"}
	default:
		sets = []string{
			"y apply  n skip  a file  d skip file  A all  e edit  i ignore  u undo  w more  / filter  l list  ? help  q quit",
			"y apply  n skip  a d file  A all  e edit  i ignore  u undo  w more  ? help  q quit",
			"y apply  n skip  a d file  A all  e edit  i ignore  u undo  ? help  q",
			"y apply  n skip  u undo  ? help  q quit", "y n a d A e i u w / l ? q",
		}
	}
	for _, s := range sets {
		if ansi.StringWidth(s) <= m.width {
			return m.Paint.Bold(s)
		}
	}
	return ansi.Truncate(sets[len(sets)-1], m.width, "…")
}

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	v.WindowTitle = "unleak fix"
	if m.width <= 0 || m.height <= 0 {
		return v
	}
	room := m.room()
	m.top = max(0, min(m.top, len(m.content)-room))
	lines := []string{m.rule()}
	for i := range room {
		line := ""
		if at := m.top + i; at < len(m.content) {
			line = m.content[at]
		}
		lines = append(lines, line)
	}
	lines = append(lines, m.message()...)
	if m.mode == prompting {
		m.input.SetWidth(max(m.width-len(m.prompt)-1, 4))
		lines = append(lines, m.Paint.Bold(m.prompt)+m.input.View())
		if c := m.input.Cursor(); c != nil {
			c.X += len(m.prompt)
			c.Y = len(lines) - 1
			v.Cursor = c
		}
	} else {
		lines = append(lines, m.keys())
	}
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], m.width, "…")
	}
	if len(lines) > m.height {
		lines = lines[:m.height]
	}
	v.Content = strings.Join(lines, "\n")
	return v
}
