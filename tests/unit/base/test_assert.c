#include <criterion/criterion.h>
#include <signal.h>

#include "base/assert.h"

Test(assert, what_holds_goes_on)
{
    ASSERT(1 + 1 == 2);
}

Test(assert, what_does_not_hold_aborts, .signal = SIGABRT)
{
    ASSERT(1 + 1 == 3);
}

Test(assert, an_implication_is_broken_only_by_true_then_false)
{
    cr_expect(IMPLIES(true, true));
    cr_expect(IMPLIES(false, true));
    cr_expect(IMPLIES(false, false));
    cr_expect_not(IMPLIES(true, false));
}
