#include <criterion/criterion.h>
#include <signal.h>

#include "base/list.h"

struct item {
    char name;
    struct list_node node;
};

static struct item *item_of(struct list_node *node)
{
    return CONTAINER_OF(node, struct item, node);
}

static void expect_names(struct list *list, const char *expected)
{
    char names[16] = "";
    size_t count = 0;
    LIST_FOREACH (node, list) {
        cr_assert_lt(count, sizeof names - 1);
        names[count++] = item_of(node)->name;
    }
    cr_expect_str_eq(names, expected);
}

Test(list, keeps_the_order_in_which_nodes_were_put)
{
    struct list list;
    struct item a = {'a', {0}}, b = {'b', {0}}, c = {'c', {0}}, d = {'d', {0}};
    list_init(&list);
    cr_expect(list_is_empty(&list));
    cr_expect_null(list_first(&list));
    expect_names(&list, "");
    list_add_last(&list, &b.node);
    list_add_last(&list, &d.node);
    list_add_first(&list, &a.node);
    list_add_before(&d.node, &c.node);
    expect_names(&list, "abcd");
    cr_expect_not(list_is_empty(&list));
    cr_expect_eq(list_first(&list), &a.node);
    cr_expect_eq(list_next(&list, &a.node), &b.node);
    cr_expect_null(list_next(&list, &d.node));
}

Test(list, a_removed_node_is_in_no_list_and_may_be_put_again)
{
    struct list list;
    struct item a = {'a', {0}}, b = {'b', {0}}, c = {'c', {0}};
    list_init(&list);
    cr_expect_not(list_contains_node(&a.node));
    list_add_last(&list, &a.node);
    list_add_last(&list, &b.node);
    list_add_last(&list, &c.node);
    cr_expect(list_contains_node(&b.node));
    list_remove(&b.node);
    cr_expect_not(list_contains_node(&b.node));
    expect_names(&list, "ac");
    list_add_first(&list, &b.node);
    expect_names(&list, "bac");
    list_remove(&a.node);
    list_remove(&b.node);
    list_remove(&c.node);
    cr_expect(list_is_empty(&list));
}

Test(list, a_node_cannot_be_put_twice, .signal = SIGABRT)
{
    struct list list;
    struct item a = {'a', {0}};
    list_init(&list);
    list_add_last(&list, &a.node);
    list_add_last(&list, &a.node);
}

Test(list, a_node_of_no_list_cannot_be_removed, .signal = SIGABRT)
{
    struct item a = {'a', {0}};
    list_remove(&a.node);
}
