/* Intrusive doubly linked list: the node is a member of what is listed. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/assert.h"
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
static inline void list_init(struct list *list)
{
    list->head = (struct list_node){&list->head, &list->head};
}

/* No members. */
static inline bool list_is_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

/* A node set to zero, or removed, is in no list. */
static inline bool list_contains_node(const struct list_node *node)
{
    return node->next != NULL;
}

/* Puts a node, which is in no list, directly before `place`. */
static inline void list_add_before(struct list_node *place, struct list_node *node)
{
    ASSERT(!list_contains_node(node));
    node->previous = place->previous;
    node->next = place;
    place->previous->next = node;
    place->previous = node;
}

/* Puts a node, which is in no list, behind the last one. */
static inline void list_add_last(struct list *list, struct list_node *node)
{
    list_add_before(&list->head, node);
}

/* Puts a node, which is in no list, before the first one. */
static inline void list_add_first(struct list *list, struct list_node *node)
{
    list_add_before(list->head.next, node);
}

/* Takes a node out of its list and marks it as in none. */
static inline void list_remove(struct list_node *node)
{
    ASSERT(list_contains_node(node));
    node->previous->next = node->next;
    node->next->previous = node->previous;
    *node = (struct list_node){NULL, NULL};
}

/* The first node, NULL when empty. */
static inline struct list_node *list_first(const struct list *list)
{
    return list_is_empty(list) ? NULL : list->head.next;
}

/* The node after `node`, NULL at the end. */
static inline struct list_node *list_next(const struct list *list, const struct list_node *node)
{
    return node->next == &list->head ? NULL : node->next;
}

#define LIST_FOREACH(node, list)                                                                   \
    for (struct list_node *node = (list)->head.next; node != &(list)->head; node = node->next)

#endif /* BASE_LIST_H */
