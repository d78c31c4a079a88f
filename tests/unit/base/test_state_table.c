#include <criterion/criterion.h>
#include <signal.h>

#include "base/state_table.h"

enum { EMPTY, OPEN, CLOSED };

static const struct state_rule RULES[] = {
    [EMPTY] = {"empty", STATE_BIT(OPEN)},
    [OPEN] = {"open", STATE_BIT(OPEN) | STATE_BIT(CLOSED)},
    [CLOSED] = {"closed", 0},
};

Test(state_table, an_allowed_move_changes_the_state)
{
    uint8_t state = EMPTY;
    state_move(&state, OPEN, RULES);
    state_move(&state, OPEN, RULES);
    state_move(&state, CLOSED, RULES);
    cr_expect_eq(state, CLOSED);
}

Test(state_table, a_move_that_the_table_lacks_is_a_programming_error, .signal = SIGABRT)
{
    uint8_t state = EMPTY;
    state_move(&state, CLOSED, RULES);
}

Test(state_table, a_final_state_stays, .signal = SIGABRT)
{
    uint8_t state = CLOSED;
    state_move(&state, CLOSED, RULES);
}
