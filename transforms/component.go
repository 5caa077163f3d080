package transforms

// judgeComponent judges what the handlers of a function component acquire. It says nothing
// (false) of all else.
func (s *scan) judgeComponent(o *Obligation) bool { return false }
