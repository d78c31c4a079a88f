/* A data directory on a small file system of its own, in a mount namespace of the test, which is
 * gone with it. */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire/kafka_error.h"
#include "tests/integration/rig.h"

#define IMAGE_MIB        48
#define VALUE_SIZE       200000
#define LOOK_INTERVAL_MS 50

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_clear(&rig);
}

TestSuite(full_disk, .init = setup, .fini = teardown, .timeout = 300);

/* ext4 in a file where loop devices are allowed, else tmpfs. False when nothing may be mounted. */
static bool mount_small_disk(void)
{
    char command[4 * SERVER_TEXT_SIZE];
    char options[64];
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return false;
    }
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mkdir(rig.server.data, 0700) != 0) {
        return false;
    }
    snprintf(command, sizeof command,
             "(truncate -s %dM '%s/image' && mkfs.ext4 -q '%s/image' && "
             "mount -o loop '%s/image' '%s' && rmdir '%s/lost+found') >/dev/null 2>&1",
             IMAGE_MIB, rig.server.directory.path, rig.server.directory.path,
             rig.server.directory.path, rig.server.data, rig.server.data);
    if (system(command) == 0) {
        return true;
    }
    snprintf(options, sizeof options, "size=%dm", IMAGE_MIB);
    return mount("none", rig.server.data, "tmpfs", 0, options) == 0;
}

static int16_t produce(const char *topic)
{
    struct batch_recipe recipe = BATCH_PLAIN;
    struct record_builder builder;
    recipe.value_size = VALUE_SIZE;
    struct bytes batch = log_fixture_batch(&builder, &recipe);
    const struct produce_response_partition *answer =
        wire_produce(&rig.client, topic, 0, batch, -1);
    record_builder_clear(&builder);
    cr_assert(answer != NULL, "the connection was closed");
    int16_t code = answer->error_code;
    wire_client_forget(&rig.client);
    return code;
}

/* Produces until the disk is full. Returns how many records were acknowledged. */
static unsigned fill(const char *topic)
{
    unsigned count = 0;
    int16_t code;
    while ((code = produce(topic)) == KAFKA_NONE) {
        count++;
        cr_assert_lt(count, IMAGE_MIB * 1024 * 1024 / VALUE_SIZE);
    }
    cr_assert(kafka_error_is_retriable(code), "error %d", code);
    return count;
}

static void create(const char *topic)
{
    static const char *const configs[] = {"segment.bytes", "1048576", "file.delete.delay.ms", "0",
                                          NULL};
    cr_assert_eq(wire_create_topic(&rig.client, topic, 1, configs)->error_code, KAFKA_NONE);
}

static void refuses_then_resumes(const char *engine)
{
    if (!mount_small_disk()) {
        cr_skip_test("nothing may be mounted here");
    }
    server_process_set(&rig.server, "log.write.engine=%s", engine);
    server_process_set(&rig.server, "log.retention.ms=-1");
    rig_start(&rig);
    create("kept");
    create("deleted");
    for (unsigned i = 0; i < 50; i++) {
        cr_assert_eq(produce("deleted"), KAFKA_NONE);
    }
    unsigned count = fill("kept");
    cr_assert_gt(count, 50);

    /* Nothing of what was acknowledged is lost, and all of it is served. */
    cr_assert_geq(rig_consume(&rig, "kept", 0, 0, NULL, NULL), count);
    cr_assert_eq(rig_consume(&rig, "deleted", 0, 0, NULL, NULL), 50);

    cr_assert_eq(wire_delete_topic(&rig.client, "deleted"), KAFKA_NONE);
    for (int waited_ms = 0; produce("kept") != KAFKA_NONE; waited_ms += LOOK_INTERVAL_MS) {
        cr_assert_lt(waited_ms, SERVER_PATIENCE_MS, "still full");
        poll(NULL, 0, LOOK_INTERVAL_MS);
    }
    unsigned after = rig_consume(&rig, "kept", 0, 0, NULL, NULL);
    cr_assert_gt(after, count);
    rig_restart(&rig);
    cr_assert_eq(rig_consume(&rig, "kept", 0, 0, NULL, NULL), after);
}

Test(full_disk, refuses_direct_writes_serves_reads_and_resumes)
{
    refuses_then_resumes("direct");
}

Test(full_disk, refuses_buffered_writes_serves_reads_and_resumes)
{
    refuses_then_resumes("buffered");
}

Test(full_disk, survives_a_kill_while_it_is_full)
{
    if (!mount_small_disk()) {
        cr_skip_test("nothing may be mounted here");
    }
    server_process_set(&rig.server, "log.retention.ms=-1");
    rig_start(&rig);
    create("kept");
    create("deleted");
    for (unsigned i = 0; i < 50; i++) {
        cr_assert_eq(produce("deleted"), KAFKA_NONE);
    }
    unsigned count = fill("kept");
    rig_kill_and_start(&rig);
    cr_assert_geq(rig_consume(&rig, "kept", 0, 0, NULL, NULL), count);
    cr_assert_eq(wire_delete_topic(&rig.client, "deleted"), KAFKA_NONE);
    for (int waited_ms = 0; produce("kept") != KAFKA_NONE; waited_ms += LOOK_INTERVAL_MS) {
        cr_assert_lt(waited_ms, SERVER_PATIENCE_MS, "still full");
        poll(NULL, 0, LOOK_INTERVAL_MS);
    }
}
