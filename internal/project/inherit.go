package project

// inherit takes into c, read so far, what base has; base wins.
func inherit(c, base *TSConfig) {
	old := *c
	*c = *base
	if c.Paths == nil {
		c.Paths, c.pathsBase = old.Paths, old.pathsBase
	}
	c.BaseURL = first(c.BaseURL, old.BaseURL)
	c.OutDir, c.RootDir, c.Target = first(c.OutDir, old.OutDir), first(c.RootDir, old.RootDir), first(c.Target, old.Target)
	c.NoImplicitOverride = c.NoImplicitOverride || old.NoImplicitOverride
	c.Verbatim = c.Verbatim || old.Verbatim
	c.ExactOptional = c.ExactOptional || old.ExactOptional
	if c.CheckJS == nil {
		c.CheckJS = old.CheckJS
	}
	c.NoUnusedLocals = c.NoUnusedLocals || old.NoUnusedLocals
	c.NoImplicitReturns = c.NoImplicitReturns || old.NoImplicitReturns
	if c.Lib == nil {
		c.Lib = old.Lib
	}
	if c.DefineFields == nil {
		c.DefineFields = old.DefineFields
	}
}
