#include <stdbool.h>
#include <stdint.h>

// The binding's TSNode, which it passes by value and does not export.
typedef struct {
  uint32_t context[4];
  const void *id;
  const void *tree;
} TSNode;

// One node of the flat tree, in pre-order. Indices are -1 where there is none.
typedef struct {
  uint32_t start, end;
  int32_t parent, first, next;
  uint16_t symbol, field;
  uint8_t flags; // 1 named, 2 missing, 4 holds an error
} flat_node;

uint32_t unleak_count(const TSNode *root);
uint32_t unleak_flatten(const TSNode *root, flat_node *out, uint32_t cap);
