package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/packages"
)

// mutant is one way to break one place. Its number switches it on.
type mutant struct {
	id   int
	file string // as given on the command line
	line int
	what string
}

// instrumented is a package that holds all its mutants, each asleep until the
// environment names its number (mutant schemata, Untch 1993): it is compiled
// once, however many there are.
type instrumented struct {
	folder  string
	files   map[string][]byte // by absolute path
	mutants []mutant
}

const switches = `package %s

import (
	"os"
	"strconv"
)

var mutantAwake, _ = strconv.Atoi(os.Getenv("UNLEAK_MUTANT"))

var mutantsSeen = func() *os.File {
	f, _ := os.OpenFile(os.Getenv("UNLEAK_MUTANTS_SEEN"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return f
}()

var mutantSeen [%d]bool

func mutantIs(id int) bool {
	if mutantsSeen != nil && !mutantSeen[id] {
		mutantSeen[id] = true
		_, _ = mutantsSeen.WriteString(strconv.Itoa(id) + "\n")
	}
	return id == mutantAwake
}

func mutantFlip[T ~bool](id int, v T) T { return v != T(mutantIs(id)) }

func mutantForce(id int, v bool) bool {
	if mutantIs(id) {
		return true
	}
	return v && !mutantIs(id+1)
}

func mutantAnd(id int, a bool, b func() bool) bool {
	if mutantIs(id) {
		return a || b()
	}
	return a && b()
}

func mutantOr(id int, a bool, b func() bool) bool {
	if mutantIs(id) {
		return a && b()
	}
	return a || b()
}

func mutantAdd[T ~int | ~int32 | ~int64 | ~uint32 | ~uint64](id int, a, b T) T {
	if mutantIs(id) {
		return a - b
	}
	return a + b
}

func mutantSub[T ~int | ~int32 | ~int64 | ~uint32 | ~uint64](id int, a, b T) T {
	if mutantIs(id) {
		return a + b
	}
	return a - b
}
`

// instrument puts every mutant of a package into its source: comparisons and
// logic turned round, conditions forced, calls and assignments left out, sums
// turned into differences, truths into lies.
func instrument(folder string, first int) (*instrumented, error) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps,
	}, "./"+filepath.Clean(folder))
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 || len(loaded[0].Errors) > 0 {
		return nil, fmt.Errorf("%s: does not load: %v", folder, loaded[0].Errors)
	}
	p := loaded[0]
	out := &instrumented{folder: folder, files: map[string][]byte{}}
	next := first
	for i, tree := range p.Syntax {
		in := &instrumenter{fset: p.Fset, info: p.TypesInfo, file: filepath.Join(folder, filepath.Base(p.GoFiles[i])), next: &next}
		tree.Comments = nil // they would end up between the wrong tokens
		astutil.Apply(tree, in.enter, in.leave)
		var b bytes.Buffer
		if err := format.Node(&b, p.Fset, tree); err != nil {
			return nil, err
		}
		out.files[p.GoFiles[i]] = b.Bytes()
		out.mutants = append(out.mutants, in.mutants...)
	}
	extra := filepath.Join(filepath.Dir(p.GoFiles[0]), "mutants_switches.go")
	out.files[extra] = fmt.Appendf(nil, switches, p.Name, next+1)
	return out, nil
}

type instrumenter struct {
	fset    *token.FileSet
	info    *types.Info
	file    string
	next    *int
	mutants []mutant
}

func (in *instrumenter) add(n token.Pos, format string, args ...any) ast.Expr {
	id := *in.next
	*in.next++
	in.mutants = append(in.mutants, mutant{id, in.file, in.fset.Position(n).Line, fmt.Sprintf(format, args...)})
	return &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(id)}
}

// enter leaves constants alone: they cannot call anything.
func (in *instrumenter) enter(c *astutil.Cursor) bool {
	if d, ok := c.Node().(*ast.GenDecl); ok && d.Tok == token.CONST {
		return false
	}
	if e, ok := c.Node().(*ast.BinaryExpr); ok && in.info.Types[e].Value != nil {
		return false
	}
	return true
}

var opposite = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ, token.GTR: token.LEQ, token.LEQ: token.GTR, token.GEQ: token.LSS,
}

// leave rewrites on the way up, so that what is inside is done already.
func (in *instrumenter) leave(c *astutil.Cursor) bool {
	switch x := c.Node().(type) {
	case *ast.BinaryExpr:
		to, compares := opposite[x.Op]
		switch {
		case compares:
			c.Replace(call("mutantFlip", in.add(x.OpPos, "%s for %s", to, x.Op), boolean(x)))
		case x.Op == token.LAND:
			c.Replace(call("mutantAnd", in.add(x.OpPos, "|| for &&"), x.X, later(x.Y)))
		case x.Op == token.LOR:
			c.Replace(call("mutantOr", in.add(x.OpPos, "&& for ||"), x.X, later(x.Y)))
		case (x.Op == token.ADD || x.Op == token.SUB) && in.isInteger(x):
			if x.Op == token.ADD {
				c.Replace(call("mutantAdd", in.add(x.OpPos, "- for +"), x.X, x.Y))
			} else {
				c.Replace(call("mutantSub", in.add(x.OpPos, "+ for -"), x.X, x.Y))
			}
		}
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			c.Replace(call("mutantFlip", in.add(x.OpPos, "a negation left out"), boolean(x)))
		}
	case *ast.IfStmt:
		id := in.add(x.If, "condition forced to true")
		in.add(x.If, "condition forced to false")
		x.Cond = call("mutantForce", id, x.Cond)
	case *ast.ExprStmt:
		if _, ok := c.Parent().(*ast.BlockStmt); ok && !panics(x) {
			position := end(x)
			c.Replace(&ast.IfStmt{Cond: &ast.UnaryExpr{Op: token.NOT, X: call("mutantIs", in.add(position, "a call left out"))}, Body: &ast.BlockStmt{List: []ast.Stmt{x}}})
		}
	case *ast.AssignStmt:
		if _, ok := c.Parent().(*ast.BlockStmt); ok && x.Tok != token.DEFINE {
			c.Replace(&ast.IfStmt{Cond: &ast.UnaryExpr{Op: token.NOT, X: call("mutantIs", in.add(x.TokPos, "an assignment left out"))}, Body: &ast.BlockStmt{List: []ast.Stmt{x}}})
		}
	case *ast.Ident:
		if in.info.Uses[x] == types.Universe.Lookup("true") || in.info.Uses[x] == types.Universe.Lookup("false") {
			was := x.Name
			c.Replace(call("mutantFlip", in.add(x.NamePos, "not %s", was), &ast.CallExpr{Fun: ast.NewIdent("bool"), Args: []ast.Expr{x}}))
		}
	}
	return true
}

func call(name string, args ...ast.Expr) ast.Expr {
	return &ast.CallExpr{Fun: ast.NewIdent(name), Args: args}
}

// later makes the right side of && and || evaluate only where it is asked for.
func later(e ast.Expr) ast.Expr {
	return &ast.FuncLit{
		Type: &ast.FuncType{Params: &ast.FieldList{}, Results: &ast.FieldList{List: []*ast.Field{{Type: ast.NewIdent("bool")}}}},
		Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{e}}}},
	}
}

// boolean gives an untyped truth its type.
func boolean(e ast.Expr) ast.Expr {
	return &ast.CallExpr{Fun: ast.NewIdent("bool"), Args: []ast.Expr{e}}
}

func (in *instrumenter) isInteger(e ast.Expr) bool {
	t := in.info.TypeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0 && b.Info()&types.IsUntyped == 0
}

// end is the closing parenthesis of a call: the one position in it that is
// never rewritten.
func end(s *ast.ExprStmt) token.Pos {
	if c, ok := s.X.(*ast.CallExpr); ok {
		return c.Rparen
	}
	return s.Pos()
}

func panics(s *ast.ExprStmt) bool {
	c, ok := s.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := c.Fun.(*ast.Ident)
	return ok && f.Name == "panic"
}
