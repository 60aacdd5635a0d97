// Structures that point at each other: a search tree, a list sorted by merging, chains of
// a hash table.
#include "kernel.h"

typedef struct node {
  u32 key, count;
  struct node *left, *right, *next;
} node;

static node nodes[4096];
static node *chains[256];
static int used;

static node *make(u32 key) {
  node *made = &nodes[used++];
  *made = (node){key, 1, 0, 0, 0};
  return made;
}

static NEVER_INLINE node *insert(node *root, u32 key) {
  node **at = &root;
  while (*at) {
    if ((*at)->key == key) return (*at)->count++, root;
    at = key < (*at)->key ? &(*at)->left : &(*at)->right;
  }
  *at = make(key);
  return root;
}

static NEVER_INLINE u32 walk(const node *at) {
  if (!at) return 1;
  u32 left = walk(at->left);
  return (left * 17 ^ at->key) + at->count + walk(at->right);
}

static node *merge(node *a, node *b) {
  node *first = 0, **tail = &first;
  while (a && b) {
    node **least = a->key <= b->key ? &a : &b;
    *tail = *least;
    tail = &(*least)->next;
    *least = (*least)->next;
  }
  *tail = a ? a : b;
  return first;
}

static NEVER_INLINE node *sort(node *list) {
  if (!list || !list->next) return list;
  node *middle = list;
  for (node *end = list->next; end && end->next; end = end->next->next) middle = middle->next;
  node *second = middle->next;
  middle->next = 0;
  return merge(sort(list), sort(second));
}

static NEVER_INLINE u32 look_up(u32 key) {
  for (node *at = chains[key & 255]; at; at = at->next)
    if (at->key == key) return at->count;
  return 0;
}

static NEVER_INLINE u32 kernel(int n) {
  used = 0;
  seed = 777;
  node *tree = 0, *list = 0;
  for (int i = 0; i < n; i++) tree = insert(tree, next_random() & 1023);
  u32 sum = walk(tree);
  for (int i = 0; i < n; i++) {
    node *made = make(next_random() & 8191);
    made->next = list;
    list = made;
  }
  list = sort(list);
  for (node *at = list; at; at = at->next) sum = sum * 3 + at->key;
  for (int i = 0; i < 256; i++) chains[i] = 0;
  while (list) {
    node *next = list->next;
    list->next = chains[list->key & 255];
    chains[list->key & 255] = list;
    list = next;
  }
  for (int i = 0; i < 2 * n; i++) sum += look_up(next_random() & 8191);
  return sum;
}
RUN(1000)
