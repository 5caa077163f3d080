package propose

import (
	"cmp"
	"crypto/sha256"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

// Split says what a phase is split by.
type Split string

// The ways to split a phase.
const (
	Whole     Split = "none"
	ByPackage Split = "package"
	ByOwner   Split = "owner"
)

// noOwner is the key of what CODEOWNERS gives to nobody; no owner is called that.
const noOwner = "no owner"

// key is what a file goes with: its package, its owners, or all others.
func (p *Plan) key(rel string) string {
	switch p.opts.Split {
	case ByPackage:
		return p.packageOf(rel)
	case ByOwner:
		if o := p.Base.owners.of(p.Base.In(rel)); o != "" {
			return o
		}
		return noOwner
	}
	return ""
}

// packageOf is the name of the package around a file, or its folder.
func (p *Plan) packageOf(rel string) string {
	pkg := p.look.Detector.Project.PackageOf(rel)
	switch {
	case pkg == nil:
		return path.Dir(rel)
	case pkg.Name == "":
		return pkg.Dir
	}
	return pkg.Name
}

// split divides the files of a phase by key, and cuts what is too large.
func (p *Plan) split(phase transforms.Phase, files []string, names *names) []*Part {
	byKey := map[string][]string{}
	var keys []string
	for _, f := range files {
		k := p.key(f)
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], f)
	}
	slices.Sort(keys)
	slugs := slugs(keys)
	var parts []*Part
	for _, k := range keys {
		branch := names.branch(phase, slugs[k])
		for _, c := range cut(byKey[k], "", p.opts.MaxFiles, func(at string) bool { return names.cutBelow(branch, at) }) {
			part := &Part{Branch: branch, Phase: phase, Key: k, Cut: c.at, Files: c.files}
			if c.at != "" {
				part.Branch += partMark + c.at
			}
			parts = append(parts, part)
		}
	}
	return parts
}

// piece is some of the files that were cut: at is the way to it, a letter for each
// cut.
type piece struct {
	at    string
	files []string
}

// cut divides files into pieces of at most max. Which piece a file belongs to is
// told by its path alone, so that files that come and go move no others; those of
// one folder stay together as long as they fit. below asks whether a branch exists
// that was cut below a piece: what was cut once stays cut, or a pull request that
// is merged would join those that are open.
func cut(files []string, at string, most int, below func(string) bool) []piece {
	if len(files) == 0 {
		return nil
	}
	if most <= 0 || len(files) <= most && !below(at) || len(at) >= deepest {
		return []piece{{at, files}}
	}
	var halves [2][]string
	for _, f := range files {
		side := way(f)[len(at)]
		halves[side] = append(halves[side], f)
	}
	return append(cut(halves[0], at+"a", most, below), cut(halves[1], at+"b", most, below)...)
}

// byFolder is how many cuts keep folders together, deepest how many there are.
const (
	byFolder = 8
	deepest  = 64
)

// way is on which side of each cut a file lies.
func way(file string) [deepest]byte {
	folder, whole := sha256.Sum256([]byte(path.Dir(file))), sha256.Sum256([]byte(file))
	var out [deepest]byte
	for i := range out {
		from, n := &folder, i
		if i >= byFolder {
			from, n = &whole, i-byFolder
		}
		out[i] = from[n/8] >> (7 - n%8) & 1
	}
	return out
}

// stack lets parts of a phase rest on earlier parts that change some of the same
// files. Where those are several that do not rest on each other, what rests on the
// one and on the other becomes parts of their own.
func (p *Plan) stack(parts []*Part) []*Part {
	var out []*Part
	for _, part := range parts {
		under := map[*Part][]string{} // the latest part with a file, nil for none
		for _, f := range part.Files {
			on := p.latest(f)
			under[on] = append(under[on], f)
		}
		for on := range under { // one that another rests on has a say through that one
			for above := range under {
				if on != nil && above != on && above.restsOn(on) {
					under[above] = append(under[above], under[on]...)
					delete(under, on)
					break
				}
			}
		}
		var several []*Part
		for _, on := range append(slices.Clone(p.Parts), nil) {
			if len(under[on]) > 0 && on != nil {
				several = append(several, on)
			}
		}
		if len(several) <= 1 {
			if len(several) == 1 {
				part.On = several[0]
			}
			out = append(out, part)
			continue
		}
		for _, on := range append([]*Part{nil}, several...) {
			files := under[on]
			if len(files) == 0 {
				continue
			}
			slices.Sort(files)
			apart := *part
			apart.Files, apart.On = files, on
			if on != nil {
				apart.Branch += ".after-" + path.Base(on.Branch)
			}
			out = append(out, &apart)
		}
	}
	return out
}

// latest is the last part that changes a file.
func (p *Plan) latest(file string) *Part {
	for _, part := range slices.Backward(p.Parts) {
		if slices.Contains(part.Files, file) {
			return part
		}
	}
	return nil
}

func (part *Part) restsOn(other *Part) bool {
	for at := part; at != nil; at = at.On {
		if at == other {
			return true
		}
	}
	return false
}

// changes reports whether a part, or one that it rests on, changes one of the files.
func (part *Part) changes(files []string) bool {
	for at := part; at != nil; at = at.On {
		if slices.ContainsFunc(at.Files, func(f string) bool { return slices.Contains(files, f) }) {
			return true
		}
	}
	return false
}

// partMark stands before the way to a piece in the name of a branch.
const partMark = ".part-"

// slugs are words for the names of branches, one for each key, and no two alike. A
// key that does not survive becomes longer by some letters that do tell.
func slugs(keys []string) map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		if k == "" {
			out[k] = ""
			continue
		}
		s := slug(k)
		if restored := "@" + strings.Replace(s, ".", "/", 1); s != k && restored != k || strings.Contains("."+s, partMark) || len(s) > 60 || endsInNumber(s) {
			s = cmp.Or(s[:min(len(s), 60)], "root") + "-" + letters(k)
		}
		out[k] = s
	}
	return out
}

// slug keeps lower case letters, digits, - and _; the / of @scope/name becomes a
// dot.
func slug(k string) string {
	k, scoped := strings.CutPrefix(strings.ToLower(k), "@")
	var b strings.Builder
	for _, r := range k {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		case r == '/' && scoped:
			b.WriteByte('.')
			scoped = false
		default:
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-._")
}

// endsInNumber finds names such as x-2, which are taken for a second x.
func endsInNumber(s string) bool {
	i := strings.LastIndexByte(s, '-')
	return i >= 0 && strings.Trim(s[i+1:], "0123456789") == "" || strings.Trim(s, "0123456789") == ""
}

// letters are a digest without digits.
func letters(s string) string {
	sum := sha256.Sum256([]byte(s))
	var b strings.Builder
	for _, c := range sum[:6] {
		b.WriteByte('a' + c%26)
	}
	return b.String()
}
