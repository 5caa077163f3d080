package lsp

import (
	"context"
	"slices"
	"time"

	"github.com/creachadair/jrpc2"

	"github.com/unleak-dev/unleak/internal/settings"
)

func (s *Server) initialize(_ context.Context, p *initializeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.initialized {
		return nil, &jrpc2.Error{Code: jrpc2.InvalidRequest, Message: "initialize came twice"}
	}
	s.initialized = true
	s.client = p.Capabilities
	s.units = chosenEncoding(p.Capabilities.General.PositionEncodings)
	folders := p.WorkspaceFolders
	if folders == nil && p.RootURI != nil {
		folders = []workspaceFolder{{*p.RootURI}}
	}
	if folders == nil && p.RootURI == nil && p.RootPath != nil {
		folders = []workspaceFolder{{uriOf(*p.RootPath)}}
	}
	s.addFolders(folders)
	if p.ProcessID != nil && s.config.Parent > 0 {
		go s.watchParent(*p.ProcessID)
	}
	able := map[string]any{
		"positionEncoding": s.units,
		"textDocumentSync": map[string]any{"openClose": true, "change": 2},
		"hoverProvider":    true,
		"codeActionProvider": map[string]any{
			"codeActionKinds": []string{quickFix, fixAll},
			"resolveProvider": s.resolves(),
		},
		"workspace": map[string]any{"workspaceFolders": map[string]any{"supported": true, "changeNotifications": true}},
	}
	if s.pulls() {
		able["diagnosticProvider"] = map[string]any{"identifier": "unleak", "interFileDependencies": true, "workspaceDiagnostics": false}
	}
	return initializeResult{able, map[string]string{"name": "unleak", "version": s.config.Version}}, nil
}

// pulls reports whether the client asks for diagnostics. One that can be given them
// is given them, once: some show what came in both ways twice.
func (s *Server) pulls() bool {
	return s.client.TextDocument.PublishDiagnostics == nil && s.client.TextDocument.Diagnostic != nil
}

// resolves reports whether the client asks for the edit of an action once somebody
// has chosen it.
func (s *Server) resolves() bool {
	c := s.client.TextDocument.CodeAction
	return c.DataSupport && c.ResolveSupport != nil && slices.Contains(c.ResolveSupport.Properties, "edit")
}

func (s *Server) addFolders(folders []workspaceFolder) {
	for _, f := range folders {
		if path := pathOf(f.URI); path != "" && !slices.Contains(s.folders, path) {
			s.folders = append(s.folders, path)
		}
	}
}

// onInitialized asks the client to tell about files that change: settings, sources,
// and what says how sources hang together.
func (s *Server) onInitialized(context.Context, *jrpc2.Request) (any, error) {
	s.mu.Lock()
	watches := s.client.Workspace.DidChangeWatchedFiles.DynamicRegistration
	s.mu.Unlock()
	if !watches {
		return nil, nil
	}
	var watchers []map[string]string
	for _, glob := range []string{
		"**/" + settings.Name, "**/*.txtar", "**/package.json", "**/tsconfig*.json", "**/jsconfig.json", "**/pnpm-workspace.yaml", "**/.gitignore",
		"**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}",
	} {
		watchers = append(watchers, map[string]string{"globPattern": glob})
	}
	go func() {
		_, err := s.rpc.Callback(s.ctx, "client/registerCapability", map[string]any{"registrations": []any{map[string]any{
			"id": "unleak-files", "method": "workspace/didChangeWatchedFiles", "registerOptions": map[string]any{"watchers": watchers},
		}}})
		if err != nil && s.ctx.Err() == nil {
			s.log("the editor does not tell about files that change: %s", err)
		}
	}()
	return nil, nil
}

// watchParent ends the server when the process that started it is gone: nobody is
// there to say exit.
func (s *Server) watchParent(pid int) {
	tick := time.NewTicker(s.config.Parent)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			if !alive(pid) {
				s.end(errExit)
				return
			}
		}
	}
}
