// Flattens a parsed tree into an array in one call.
//
// Asking the binding for one node at a time costs a crossing into C and a map
// look-up each, together as much as the parse itself; this costs a tenth.
// Only prototypes stand here: the functions are those of the linked binding.

#include "flatten.h"

typedef struct {
  const void *tree;
  const void *id;
  uint32_t context[3];
} TSTreeCursor;

extern TSTreeCursor ts_tree_cursor_new(TSNode);
extern void ts_tree_cursor_delete(TSTreeCursor *);
extern TSNode ts_tree_cursor_current_node(const TSTreeCursor *);
extern uint16_t ts_tree_cursor_current_field_id(const TSTreeCursor *);
extern bool ts_tree_cursor_goto_next_sibling(TSTreeCursor *);
extern bool ts_tree_cursor_goto_first_child(TSTreeCursor *);
extern bool ts_tree_cursor_goto_parent(TSTreeCursor *);
extern uint16_t ts_node_symbol(TSNode);
extern uint32_t ts_node_start_byte(TSNode);
extern uint32_t ts_node_end_byte(TSNode);
extern bool ts_node_is_named(TSNode);
extern bool ts_node_is_missing(TSNode);
extern bool ts_node_has_error(TSNode);
extern uint32_t ts_node_descendant_count(TSNode);

uint32_t unleak_count(const TSNode *root) {
  return ts_node_descendant_count(*root);
}

uint32_t unleak_flatten(const TSNode *root, flat_node *out, uint32_t cap) {
  TSTreeCursor cursor = ts_tree_cursor_new(*root);
  int32_t parent = -1;
  uint32_t n = 0;
  for (;;) {
    if (n == cap) break;
    TSNode node = ts_tree_cursor_current_node(&cursor);
    int32_t self = (int32_t)n++;
    flat_node *o = &out[self];
    o->symbol = ts_node_symbol(node);
    o->field = (uint8_t)ts_tree_cursor_current_field_id(&cursor);
    o->start = ts_node_start_byte(node);
    o->end = ts_node_end_byte(node);
    o->parent = parent;
    o->after = (int32_t)n;
    o->flags = (ts_node_is_named(node) ? 1 : 0) | (ts_node_is_missing(node) ? 2 : 0) |
               (ts_node_has_error(node) ? 4 : 0);
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      parent = self;
      continue;
    }
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      if (!ts_tree_cursor_goto_parent(&cursor) || parent < 0) goto done;
      out[parent].after = (int32_t)n;
      parent = out[parent].parent;
    }
  }
done:
  for (; parent >= 0; parent = out[parent].parent) out[parent].after = (int32_t)n;
  ts_tree_cursor_delete(&cursor);
  return n;
}
