/* Intrusive doubly linked list: the node is a member of what is listed. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/counted.h" /* CONTAINER_OF */

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

/* The list itself is a node that is its own neighbour when empty. */
struct list {
    struct list_node head;
};

/* An empty list. */
void list_init(struct list *list);

/* No members. */
bool list_is_empty(const struct list *list);

/* Puts a node, which is in no list, behind the last one. */
void list_add_last(struct list *list, struct list_node *node);

/* Puts a node, which is in no list, before the first one. */
void list_add_first(struct list *list, struct list_node *node);

/* Puts a node, which is in no list, directly before `place`. */
void list_add_before(struct list_node *place, struct list_node *node);

/* Takes a node out of its list and marks it as in none. */
void list_remove(struct list_node *node);

/* A node set to zero, or removed, is in no list. */
bool list_contains_node(const struct list_node *node);

/* The first node, NULL when empty. */
struct list_node *list_first(const struct list *list);

/* The node after `node`, NULL at the end. */
struct list_node *list_next(const struct list *list, const struct list_node *node);

#define LIST_FOREACH(node, list)                                                                   \
    for (struct list_node *node = (list)->head.next; node != &(list)->head; node = node->next)

#endif /* BASE_LIST_H */
