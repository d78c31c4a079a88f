#include "base/slice.h"

#include "base/assert.h"

void slices_add(struct slices *slices, struct slice slice)
{
    ASSERT(slices->count < slices->capacity);
    slices->items[slices->count++] = slice;
    slices->size += slice.size;
}

void slice_release(struct slice *slice)
{
    counted_release(slice->owner);
    slice->owner = NULL;
}

void slices_release(struct slices *slices)
{
    for (size_t i = 0; i < slices->count; i++) {
        slice_release(&slices->items[i]);
    }
    slices->count = 0;
    slices->size = 0;
}
