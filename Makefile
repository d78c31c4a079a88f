# Rollway. `make help` lists what there is to make.
#
# One make process sees every file, so -j is safe and nothing is built twice. Layers go upward: a
# layer may use those named before it, and the linker holds it to that (see `layer` below).

LAYERS := base proto storage replication broker

# BUILD=debug (default) | release | asan | tsan | coverage | fuzz. Each has its own folder.
BUILD ?= debug
OUT   := build/$(BUILD)

ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(BUILD)),clang,gcc)
endif
COMPILER := $(if $(findstring clang,$(notdir $(CC))),clang,gcc)

COMMA := ,

# V=1 shows the commands themselves.
Q := $(if $(V),,@)

# -- flags ----------------------------------------------------------------------------------------

CSTD     := -std=c17 -D_GNU_SOURCE
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wundef -Wvla \
            -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum

# What both compilers accept of the OpenSSF list; -fcf-protection is for x86 only.
HARDENING := -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks -fPIE \
             -fstack-protector-strong -fstack-clash-protection \
             $(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full)
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code

SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread
# A sanitizer's code hides from gcc what it otherwise sees to be initialized.
QUIET_gcc := -Wno-maybe-uninitialized

# clang's own LTO needs another linker, so only gcc's is used.
LTO_gcc := -flto=auto

FLAGS_debug    := -O0 -g3
FLAGS_release  := -O2 -g $(LTO_$(COMPILER)) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
                  -ffunction-sections -fdata-sections
FLAGS_asan     := -O1 -g3 $(SANITIZE_asan) $(QUIET_$(COMPILER))
FLAGS_tsan     := -O1 -g3 $(SANITIZE_tsan) $(QUIET_$(COMPILER))
FLAGS_coverage := -O0 -g3 --coverage
FLAGS_fuzz     := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
                  -fno-omit-frame-pointer

ifeq ($(FLAGS_$(BUILD)),)
$(error BUILD=$(BUILD) is none of debug, release, asan, tsan, coverage, fuzz)
endif

CFLAGS  = $(CSTD) $(WARNINGS) $(HARDENING) $(FLAGS_$(BUILD)) -I. -I$(OUT)/gen -MMD -MP
LDFLAGS = $(FLAGS_$(BUILD)) $(LINK_HARDENING) -Wl,--as-needed

# What each layer needs from outside; nobody else links it.
LIBRARIES_base        := -lisal
LIBRARIES_proto       := -lzstd -llz4 -lsnappy -lz
LIBRARIES_storage     := -luring
LIBRARIES_replication := -l:libraft.a
LIBRARIES_broker      := -levent_core -levent_extra -lssl -lcrypto -ljansson -lpthread
LIBRARIES_tools       := -lrdkafka -ljansson

# The server that is shipped carries what is small and seldom mended (measured: starts in 1.0 ms
# instead of 2.7, and 1.8 MB less resident); OpenSSL, whose fixes must reach it, stays shared.
# libsnappy is C++: where the compiler has no static library for that, the shared one will do.
STATIC_CXX := $(if $(filter release,$(BUILD)),\
                  $(wildcard $(shell $(CC) -print-file-name=libstdc++.a)))
STATIC_LIBRARIES := -Wl,-Bstatic -lzstd -llz4 -lsnappy -lz -luring -levent_extra -levent_core \
                    -ljansson -Wl,-Bdynamic -l:libraft.a $(or $(STATIC_CXX),-l:libstdc++.so.6) \
                    -static-libgcc -lssl -lcrypto -lisal -lm -lpthread -Wl,--gc-sections

AR := $(if $(filter gcc,$(COMPILER)),gcc-ar,$(AR))

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.DEFAULT_GOAL := all

# -- from sources to objects ----------------------------------------------------------------------

# Every .c file in a layer's folder is in that layer: no list to forget a file in.
sources = $(sort $(if $(wildcard $(1)),$(shell find $(wildcard $(1)) -name '*.c')))
objects = $(patsubst %.c,$(OUT)/%.o,$(1))

# The goals that also bring what the machine lacks; the others only build.
INSTALLING := run test release install test-clients test-wire test-crash fuzz bench
INSTALLED  := $(if $(filter $(INSTALLING),$(MAKECMDGOALS)),dependencies)
GROUPS_NEEDED := $(if $(filter test-clients test-wire,$(MAKECMDGOALS)),clients) \
                 $(filter fuzz bench,$(MAKECMDGOALS))

# Changes only when the compiler or its flags do, and then everything is built again.
FLAGS_LINE := $(CC) $(CFLAGS) $(LDFLAGS)
ifneq ($(FLAGS_LINE),$(shell cat $(OUT)/flags 2>/dev/null))
.PHONY: $(OUT)/flags
endif
$(OUT)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_LINE)' >$@

$(OUT)/%.o: %.c $(OUT)/flags | $(INSTALLED)
	@echo "CC   $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

# Criterion 2.4.1 finds tests through linker sections. Under -flto its parameterized tests vanish
# without a word (measured: 5 tests became 3, still green), so test objects are built without.
$(OUT)/tests/%.o: CFLAGS += -fno-lto

define archive
@echo "AR   $@"
@rm -f $@
$(Q)$(AR) rcs $@ $(filter %.o,$^)
endef

define link
@echo "LD   $@"
@mkdir -p $(@D)
$(Q)$(CC) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^)
endef

# -- generated code: proto/schema by proto/codegen ------------------------------------------------
#
# build/<mode>/schema_compiler GEN SCHEMA... reads every schema and writes, for each
# proto/schema/NAME.schema, GEN/proto/generated/NAME.h and NAME.c, as one run: all or nothing; and
# messages.h and messages.c, which list them. The includes are "proto/generated/NAME.h". Whatever is
# compiled above base waits for that run, which leaves files alone that would not change.

GEN := $(OUT)/gen

# Until the generator has a main(), nothing is generated.
CODEGEN           := $(call sources,proto/codegen)
CODEGEN_MAIN      := $(shell grep -ls '^int main' $(CODEGEN) /dev/null)
SCHEMAS           := $(if $(CODEGEN_MAIN),$(sort $(wildcard proto/schema/*.schema)))
GENERATED         := $(SCHEMAS:proto/schema/%.schema=$(GEN)/proto/generated/%.c) \
                     $(if $(SCHEMAS),$(GEN)/proto/generated/messages.c)
GENERATED_OBJECTS := $(GENERATED:.c=.o)

ifneq ($(SCHEMAS),)
GENERATED_STAMP := $(GEN)/stamp

$(OUT)/schema_compiler: $(call objects,$(CODEGEN)) $(OUT)/libbase.a
	$(link) $(LIBRARIES_base) -o $@

# Only files that changed are replaced, so that what does not use them is not compiled again.
$(GENERATED_STAMP): $(OUT)/schema_compiler $(SCHEMAS)
	@echo "GEN  $(GEN)/proto/generated"
	@rm -rf $(GEN)/new && mkdir -p $(GEN)/new/proto/generated $(GEN)/proto/generated
	$(Q)$< $(GEN)/new $(SCHEMAS)
	@cd $(GEN)/new/proto/generated && for file in *; do \
	    cmp -s $$file ../../../proto/generated/$$file || mv $$file ../../../proto/generated/; \
	done
	@rm -rf $(GEN)/new
	@touch $@

$(GENERATED): $(GENERATED_STAMP) ;

$(GENERATED_OBJECTS): %.o: %.c $(OUT)/flags
	@echo "CC   $<"
	$(Q)$(CC) $(CFLAGS) -c $< -o $@
endif

# -- layers ---------------------------------------------------------------------------------------

# The files of a layer's library: not the host tool that generates code, not a program's main().
NOT_IN_LAYER   = proto/codegen/% broker/main.c tools/rollway/main.c
layer_sources  = $(filter-out $(NOT_IN_LAYER),$(call sources,$(1)))
layer_objects  = $(call objects,$(layer_sources)) $(if $(filter proto,$(1)),$(GENERATED_OBJECTS))
layer_archives = $(foreach layer,$(1),$(OUT)/lib$(layer).a)
support_archives = $(foreach layer,$(1),$(if $(wildcard tests/support/$(layer)),\
                       $(OUT)/libsupport_$(layer).a))
libraries      = $(foreach layer,$(1),$(LIBRARIES_$(layer)))

# Lets tests count and refuse what our own code allocates: tests/support/base/allocations.h.
WRAPPED := malloc calloc realloc reallocarray aligned_alloc posix_memalign
CRITERION := $(WRAPPED:%=-Wl,--wrap=%) -lcriterion
# Criterion does not start under ThreadSanitizer without it, and no other build links it.
TSAN_START := $(if $(filter tsan,$(BUILD)),$(OUT)/tests/support/base/thread_sanitizer.o)

# $(call layer,storage,proto base): build/debug/libstorage.a, and one test program per layer that is
# linked with this layer and those below, and with nothing above: a use of a higher layer is an
# undefined symbol here. tests/support/<layer> holds what tests of that layer and above share.
define layer
$(OUT)/lib$(1).a: $(call layer_objects,$(1))
	$$(archive)

$(filter-out $(OUT)/base/%,$(call layer_objects,$(1))): \
    | $(if $(filter-out base,$(1)),$(GENERATED_STAMP))

$(OUT)/libsupport_$(1).a: $(filter-out %/thread_sanitizer.o,\
                              $(call objects,$(call sources,tests/support/$(1))))
	$$(archive)

$(OUT)/test_$(1): $(call objects,$(call sources,tests/unit/$(1))) $(TSAN_START) \
                  $(call support_archives,$(1) $(2)) $(call layer_archives,$(1) $(2))
	$$(link) $(call libraries,$(1) $(2)) $(CRITERION) -o $$@

$(call objects,$(call sources,tests/unit/$(1) tests/support/$(1))): \
    | $(if $(filter-out base,$(1)),$(GENERATED_STAMP))

.PHONY: test-$(1)
test-$(1): $(if $(call sources,tests/unit/$(1)),$(OUT)/test_$(1))
	@$(if $(call sources,tests/unit/$(1)),echo "TEST $(1)" && \
	    tools/dev/run_tests.sh $(OUT)/test_$(1) $(TEST_ARGUMENTS),true)
endef
$(eval $(call layer,base,))
$(eval $(call layer,proto,base))
$(eval $(call layer,storage,proto base))
$(eval $(call layer,replication,storage proto base))
$(eval $(call layer,broker,replication storage proto base))
$(eval $(call layer,tools,broker replication storage proto base))

ALL_ARCHIVES  := $(call layer_archives,broker replication storage proto base)
ALL_SUPPORT   := $(call support_archives,broker replication storage proto base)
ALL_LIBRARIES := $(call libraries,broker replication storage proto base)

# -- programs -------------------------------------------------------------------------------------

# $(call program,rollwayd,broker/main.c,more.a,-lmore): build/<mode>/rollwayd, linked with every
# layer. It is in PROGRAMS only while it has sources.
PROGRAMS :=
define program
ifneq ($(strip $(2)),)
PROGRAMS += $(OUT)/$(1)
$(call objects,$(2)): | $(GENERATED_STAMP)
$(OUT)/$(1): $(call objects,$(2)) $(3) $(ALL_ARCHIVES)
	$$(link) $(4) $(ALL_LIBRARIES) -o $$@
endif
endef
SERVER_LIBRARIES := $(if $(filter release,$(BUILD)),$(STATIC_LIBRARIES))
$(eval $(call program,rollwayd,$(wildcard broker/main.c),,$(SERVER_LIBRARIES)))
$(eval $(call program,rollway,$(wildcard tools/rollway/main.c),$(OUT)/libtools.a,\
    $(LIBRARIES_tools)))
SHIPPED := $(PROGRAMS)

# tests/integration is a Criterion program of its own, suite_integration, that starts the server
# named by ROLLWAYD. tests/wire, tests/crash and tests/clients may each have C files: one plain
# program, build/<mode>/tests_<folder>, for the script there. Every folder of bench/programs is one
# program, build/<mode>/bench_<folder>.
with_sources = $(foreach name,$(2),$(if $(call sources,$(1)/$(name)),$(name)))
SUITES         := $(call with_sources,tests,integration simulation)
TEST_PROGRAMS  := $(call with_sources,tests,wire crash clients)
BENCH_PROGRAMS := $(call with_sources,bench/programs,\
                      $(notdir $(patsubst %/,%,$(wildcard bench/programs/*/))))
$(foreach name,$(SUITES),$(eval $(call program,suite_$(name),\
    $(call sources,tests/$(name)),$(TSAN_START) $(ALL_SUPPORT),$(CRITERION) $(LIBRARIES_tools))))
$(foreach name,$(TEST_PROGRAMS),$(eval $(call program,tests_$(name),\
    $(call sources,tests/$(name)),$(ALL_SUPPORT),$(LIBRARIES_tools))))
$(foreach name,$(BENCH_PROGRAMS),$(eval $(call program,bench_$(name),\
    $(call sources,bench/programs/$(name)),,$(LIBRARIES_tools))))

define suite
.PHONY: suite-$(1)
suite-$(1): $(OUT)/suite_$(1) $(SHIPPED)
	@echo "TEST suite $(1)"
	@ROLLWAYD=$(OUT)/rollwayd ROLLWAY=$(OUT)/rollway \
	    tools/dev/run_tests.sh $(OUT)/suite_$(1) $(TEST_ARGUMENTS)
endef
$(foreach name,$(SUITES),$(eval $(call suite,$(name))))

# -- what people type -----------------------------------------------------------------------------

.PHONY: all dependencies run test release install clean help
all: $(ALL_ARCHIVES) $(SHIPPED)

dependencies:
	@tools/dev/install_deps.sh --check $(GROUPS_NEEDED) || tools/dev/install_deps.sh $(GROUPS_NEEDED)

# What people run is the release, unless they say BUILD=.
RUN_BUILD := $(if $(filter file,$(origin BUILD)),release,$(BUILD))
run: | $(INSTALLED)
	@$(MAKE) --no-print-directory BUILD=$(RUN_BUILD) build/$(RUN_BUILD)/rollwayd
	@exec build/$(RUN_BUILD)/rollwayd $(RUN_ARGUMENTS)

test: $(foreach layer,$(LAYERS) tools,test-$(layer)) $(foreach name,$(SUITES),suite-$(name)) \
      suite-tools

# The command line against a real server, as a shell sees it.
.PHONY: suite-tools
suite-tools: $(SHIPPED)
	@echo "TEST suite tools"
	@OUT=$(OUT) tests/tools/run

release: | $(INSTALLED)
	@$(MAKE) --no-print-directory BUILD=release all

PREFIX ?= /usr/local
install: release
	install -d $(DESTDIR)$(PREFIX)/bin
	install build/release/rollwayd build/release/rollway $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	build/release/rollway man >$(DESTDIR)$(PREFIX)/share/man/man1/rollway.1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	build/release/rollway completion bash \
	    >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/rollway
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	build/release/rollway completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_rollway

clean:
	rm -rf build compile_commands.json

help:
	@sed -n 's/^## //p' Makefile

## make                 build the libraries, rollwayd and rollway (BUILD=release|asan|tsan|coverage)
## make run             build and start rollwayd; RUN_ARGUMENTS='-o key=value' go to it
## make test            build and run all tests; test-<layer> and suite-<name> run one of them
## make release         build/release/rollwayd and build/release/rollway
## make test-clients    real Kafka clients in five languages against rollwayd
## make test-wire       our codec against Apache Kafka's own classes, byte for byte
## make test-crash      kill -9 under load, power loss and torn writes on the simulated disk
## make fuzz            every decoder of foreign bytes; FUZZ_SECONDS=600 in all
## make bench           throughput and latency beside the yardstick server
## make tidy            house rules (tools/dev/tidy.awk); lint: clang-tidy; format: clang-format
## make globals         fail on a writable global, a name defined twice; count-tests: on a lost test
## make nightly         the long runs: fuzz, crash, sanitizers
## make install         into DESTDIR/PREFIX (/usr/local)
## make clean           remove build/

# -- wider checks ---------------------------------------------------------------------------------

.PHONY: test-clients test-wire test-crash fuzz fuzz-run bench nightly

# Each has a script that says at its end "N passed, N failed". It finds the programs in $(OUT).
$(foreach name,$(TEST_PROGRAMS),$(eval test-$(name): $(OUT)/tests_$(name)))
test-clients test-crash: $(SHIPPED)
test-clients test-wire test-crash: test-%: | $(INSTALLED)
	@OUT=$(OUT) tests/$*/run

bench:
	@$(MAKE) --no-print-directory BUILD=release bench-programs
	@OUT=build/release bench/run

.PHONY: bench-programs
bench-programs: $(SHIPPED) $(foreach name,$(BENCH_PROGRAMS),$(OUT)/bench_$(name))

# tests/fuzz/fuzz_<decoder>.c is a libFuzzer target; tests/fuzz/corpus/<decoder> its seeds, and
# <decoder>.tar.gz beside it what earlier runs found. FUZZ_SECONDS are shared by all targets.
FUZZ_SECONDS ?= 600
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_COMMON := $(filter-out tests/fuzz/fuzz_%,$(call sources,tests/fuzz))
$(call objects,$(wildcard tests/fuzz/*.c)): | $(GENERATED_STAMP)
$(FUZZERS:%=$(OUT)/fuzz_%): $(OUT)/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o \
                            $(call objects,$(FUZZ_COMMON)) $(ALL_SUPPORT) $(ALL_ARCHIVES)
	$(link) -fsanitize=fuzzer $(ALL_LIBRARIES) -o $@

fuzz: | $(INSTALLED)
	@$(MAKE) --no-print-directory BUILD=fuzz fuzz-run

fuzz-run: $(FUZZERS:%=$(OUT)/fuzz_%)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/dev/fuzz_run.sh $(OUT) $(FUZZERS)

nightly:
	@.ci/nightly

# -- what the compiler does not check -------------------------------------------------------------

.PHONY: tidy lint globals format format-check count-tests
CODE_FOLDERS := $(wildcard $(LAYERS) tools tests bench)
C_SOURCES    := $(call sources,$(CODE_FOLDERS))
C_FILES      := $(C_SOURCES) $(sort $(shell find $(CODE_FOLDERS) -name '*.h'))
FORMATTED    := $(filter-out %_list.h,$(C_FILES))

tidy:
	@awk -f tools/dev/tidy.awk $(C_FILES)

format:
	@clang-format -i $(FORMATTED)

format-check:
	@clang-format --dry-run --Werror $(FORMATTED)

# As many tests in the programs as in the sources: a test that is lost is worse than one that fails.
TESTED := $(foreach layer,$(LAYERS) tools,\
              $(if $(call sources,tests/unit/$(layer)),unit/$(layer):test_$(layer))) \
          $(foreach name,$(SUITES),$(name):suite_$(name))
count-tests: $(foreach pair,$(TESTED),$(OUT)/$(lastword $(subst :, ,$(pair))))
	@for pair in $(TESTED); do \
	    written=$$(find tests/$${pair%:*} -name '*.c' -exec cat {} + | \
	               grep -cE '^(Parameterized)?Test\('); \
	    built=$$($(OUT)/$${pair#*:} --list | grep -c '── '); \
	    test "$$written" = "$$built" || \
	        { echo "$$pair: $$written tests written, $$built built"; exit 1; }; \
	done

# Several brokers run in one process in the simulator, so nothing may live in a writable global. And
# no function may be defined twice: an archive would hide it until somebody needs both files.
globals: $(ALL_ARCHIVES)
	@objdump -t $(ALL_ARCHIVES) 2>/dev/null | awk '/ O \.(data|bss|tdata|tbss)[ \t]/ \
	    { print "writable global: " $$NF; bad = 1 } END { exit bad }'
	@nm -g --defined-only $(ALL_ARCHIVES) 2>/dev/null | awk 'NF == 3 && seen[$$3]++ \
	    { print "defined twice: " $$3; bad = 1 } END { exit bad }'

# Tests are left out: what their macros grow into is not ours to correct.
LINT_JOBS ?= 2
lint: $(GENERATED_STAMP)
	@printf '%s\n' $(filter-out tests/%,$(C_SOURCES)) | \
	    xargs -P $(LINT_JOBS) -n 4 tools/dev/lint.sh $(CSTD) -I. -I$(GEN) --

compile_commands.json: Makefile $(C_SOURCES) $(GENERATED_STAMP)
	@for file in $(C_SOURCES) $(GENERATED); do \
	    printf '{"directory":"%s","file":"%s","command":"%s"},\n' "$(CURDIR)" "$$file" \
	        '$(CC) $(CFLAGS) -c '"$$file"; \
	done | sed -e '1s/^/[/' -e '$$s/,$$/]/' >$@

-include $(if $(wildcard $(OUT)),$(shell find $(OUT) -name '*.d'))
