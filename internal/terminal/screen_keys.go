package terminal

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// scroll moves the content; false if the key is for something else.
func (m *model) scroll(key string) bool {
	page := max(m.room()-1, 1)
	switch key {
	case "down", "j":
		m.top++
	case "up", "k":
		m.top--
	case "pgdown", "space", "ctrl+d":
		m.top += page
	case "pgup", "b", "ctrl+u":
		m.top -= page
	case "home", "g":
		m.top = 0
	case "end", "G":
		m.top = len(m.content)
	default:
		return false
	}
	m.clamp()
	return true
}

// clamp keeps the screen full where there is enough to see.
func (m *model) clamp() { m.top = max(0, min(m.top, len(m.content)-m.room())) }

// show changes what the screen shows.
func (m *model) show(what mode) {
	m.back, m.mode, m.top = m.mode, what, 0
	if what == listing {
		m.cursor = max(slices.Index(m.Session.Visible(), m.item), 0)
	}
	m.layout()
}

func (m *model) helpKey(key string) {
	if !m.scroll(key) {
		m.mode, m.top = m.back, 0
		m.layout()
	}
}

func (m *model) listKey(key string) tea.Cmd {
	items := m.Session.Visible()
	page := max(m.room()-1, 1)
	switch key {
	case "down", "j":
		m.cursor++
	case "up", "k":
		m.cursor--
	case "pgdown", "space":
		m.cursor += page
	case "pgup":
		m.cursor -= page
	case "home", "g":
		m.cursor = 0
	case "end", "G":
		m.cursor = len(items)
	case "/":
		return m.ask(filterPrompt)
	case "enter":
		if m.cursor < len(items) {
			m.Session.Goto(items[m.cursor])
		}
		m.say("")
		m.load()
		return nil
	case "q", "esc", "l", "tab":
		m.load()
		return nil
	case "?":
		m.show(helping)
		return nil
	}
	m.cursor = max(0, min(m.cursor, len(items)-1))
	m.layout()
	return nil
}

// ask lets the user type a line.
func (m *model) ask(prompt string) tea.Cmd {
	m.back, m.mode, m.prompt = m.mode, prompting, prompt
	m.input.Reset()
	if prompt == filterPrompt {
		m.input.SetValue(m.Session.Filtered())
		m.input.CursorEnd()
		m.say("A kind, a phase, safe, unsafe, or a part of a path; nothing shows all.")
	} else {
		m.say("Why is it no leak? Enter writes the comment, Esc leaves it.")
	}
	m.layout()
	return m.input.Focus()
}

func (m *model) typed(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	return cmd
}

func (m *model) promptKey(key string, msg tea.Msg) tea.Cmd {
	switch key {
	case "esc":
		m.say("")
		m.mode = m.back
		m.layout()
		return nil
	case "enter":
		m.say("")
		m.mode = m.back
		text := strings.TrimSpace(m.input.Value())
		if m.prompt == filterPrompt {
			if m.Session.Filter(text) == 0 {
				m.said, m.trouble = "Nothing matches "+text+".", true
				m.layout()
				return nil
			}
			if m.back == listing {
				m.show(listing)
				return nil
			}
		} else {
			m.fail(m.Session.Ignore(m.ctx, text))
		}
		m.load()
		return nil
	}
	return m.typed(msg)
}

// askKey is the answer to whether "all" means the unsafe ones, too.
func (m *model) askKey(key string) tea.Cmd {
	m.say("")
	m.mode = looking
	switch key {
	case "a":
		return m.rest(true)
	case "s":
		return m.rest(false)
	}
	m.layout()
	return nil
}
