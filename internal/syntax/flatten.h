#include <stdbool.h>
#include <stdint.h>

// The binding's TSNode, which it passes by value and does not export.
typedef struct {
  uint32_t context[4];
  const void *id;
  const void *tree;
} TSNode;

// One node of the flat tree, in pre-order: the first child follows its parent, and what
// follows the subtree of a child is its next sibling, or lies outside of the parent.
typedef struct {
  uint32_t start, end;
  int32_t parent; // -1 of the root
  int32_t after;  // the index of the first node that follows the subtree
  uint16_t symbol;
  uint8_t field;
  uint8_t flags; // 1 named, 2 missing, 4 holds an error
} flat_node;

uint32_t unleak_count(const TSNode *root);
uint32_t unleak_flatten(const TSNode *root, flat_node *out, uint32_t cap);
