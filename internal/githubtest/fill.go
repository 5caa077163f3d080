package githubtest

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// fill returns what is known of a value, with everything else that its schema
// demands: addresses and counts that no client of ours reads.
func fill(schema *openapi3.Schema, known any) any {
	if list, ok := asList(known); ok {
		out := make([]any, len(list))
		for i, v := range list {
			out[i] = v
			if schema = flat(schema, v); schema.Items != nil {
				out[i] = fill(schema.Items.Value, v)
			}
		}
		return out
	}
	object, ok := known.(map[string]any)
	if !ok {
		return known
	}
	out := map[string]any{}
	var complete func(*openapi3.Schema)
	complete = func(schema *openapi3.Schema) {
		for _, part := range schema.AllOf {
			complete(part.Value)
		}
		if more := flat(schema, known); more != schema {
			complete(more)
		}
		for name, prop := range schema.Properties {
			if v, ok := object[name]; ok {
				out[name] = fill(prop.Value, v)
			} else if _, ok := out[name]; !ok && slices.Contains(schema.Required, name) {
				out[name] = filler(prop.Value)
			}
		}
	}
	complete(schema)
	for name, v := range object { // what is not described is checked as it is
		if _, ok := out[name]; !ok {
			out[name] = v
		}
	}
	return out
}

func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []map[string]any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return out, true
	}
	return nil, false
}

// flat picks the schema of several that fits what is known: the first that is of
// its type and has all its properties.
func flat(schema *openapi3.Schema, known any) *openapi3.Schema {
	if d := schema.Discriminator; d != nil {
		object, _ := known.(map[string]any)
		value, _ := object[d.PropertyName].(string)
		for _, ref := range slices.Concat(schema.OneOf, schema.AnyOf) {
			if m, ok := d.Mapping[value]; ok && ref.Ref == m.Ref {
				return flat(ref.Value, known)
			}
		}
	}
	for _, list := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf} {
		for _, ref := range list {
			if fits(ref.Value, known) {
				return flat(ref.Value, known)
			}
		}
	}
	return schema
}

func fits(schema *openapi3.Schema, known any) bool {
	if len(schema.OneOf)+len(schema.AnyOf)+len(schema.AllOf) > 0 {
		return true
	}
	switch v := known.(type) {
	case map[string]any:
		for name := range v {
			if schema.Properties[name] == nil && schema.Type.Is("object") {
				return false
			}
		}
		return schema.Type.Is("object")
	case []any, []map[string]any:
		return schema.Type.Is("array")
	}
	return false
}

// filler is a value that a schema allows.
func filler(schema *openapi3.Schema) any {
	switch {
	case schema.Nullable:
		return nil
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case len(schema.AllOf) > 0:
		return fill(schema, map[string]any{})
	case len(schema.OneOf) > 0:
		return filler(schema.OneOf[0].Value)
	case len(schema.AnyOf) > 0:
		return filler(schema.AnyOf[0].Value)
	case schema.Type.Is("object"):
		return fill(schema, map[string]any{})
	case schema.Type.Is("array"):
		return []any{}
	case schema.Type.Is("boolean"):
		return false
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return 0
	case schema.Format == "date-time":
		return "2020-01-01T00:00:00Z"
	case schema.Format == "uri":
		return "https://example.invalid/"
	case schema.Format == "email":
		return "nobody@example.invalid"
	}
	return ""
}
