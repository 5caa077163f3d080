package syntax

// What the platform's own functions and members give is written in no file of a project: a
// few are known by name. Source: the Fetch, File API and Streams standards.

// givenByPlatform are types by what gives one: a global function, or a member of a type.
var givenByPlatform = map[string]string{
	"fetch":                      "Response",
	"Response.clone":             "Response",
	"Response.body":              "ReadableStream",
	"Request.body":               "ReadableStream",
	"Blob.stream":                "ReadableStream",
	"File.stream":                "ReadableStream",
	"ReadableStream.pipeThrough": "ReadableStream",
	"TransformStream.readable":   "ReadableStream",
}

// fromPlatform is the type of what a global function gives, or a member of something of
// the platform's, called where it is a method.
func fromPlatform(of Type, name string) Type {
	if of.Module != "" || of.Decl.OK() {
		return Type{}
	}
	if of.OK() {
		name = of.Name() + "." + name
	}
	if t, ok := givenByPlatform[name]; ok {
		return Type{Path: []string{t}}
	}
	return Type{}
}
