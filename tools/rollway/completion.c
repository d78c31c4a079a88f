#include "tools/rollway/completion.h"

#include <string.h>

#include "base/assert.h"
#include "tools/rollway/commands.h"

#define ASK_TOPICS "rollway topic list --names --timeout 2s"

/* The option's spellings, each with `before` and `after` around it. */
static void print_spellings(FILE *out, const struct option_spec *option, const char *before,
                            const char *after)
{
    fprintf(out, "%s--%s%s", before, option->name, after);
    if (option->short_name != 0) {
        fprintf(out, "%s-%c%s", before, option->short_name, after);
    }
}

/* The spellings of the options of one owner. */
static void print_options_of(FILE *out, enum command_id owner, bool only_with_value)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (OPTIONS[i].command == owner && (!only_with_value || OPTIONS[i].type != OPTION_FLAG)) {
            print_spellings(out, &OPTIONS[i], "", " ");
        }
    }
}

/* The choices of "a|b" with blanks between. */
static void print_choices(FILE *out, const char *choices)
{
    for (const char *at = choices; *at != '\0'; at++) {
        fputc(*at == '|' ? ' ' : *at, out);
    }
}

/* The words that may come first, or behind `group`. */
static void print_next_words(FILE *out, const char *group)
{
    size_t size = group != NULL ? strlen(group) : 0;
    for (size_t i = 0; group == NULL && i < COMMAND_GROUPS_COUNT; i++) {
        fprintf(out, "%s ", COMMAND_GROUPS[i].word);
    }
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const char *words = COMMANDS[id].words;
        if (group == NULL && strchr(words, ' ') == NULL) {
            fprintf(out, "%s ", words);
        } else if (group != NULL && strncmp(words, group, size) == 0 && words[size] == ' ') {
            fprintf(out, "%s ", words + size + 1);
        }
    }
}

static void print_bash_walk(FILE *out)
{
    fputs("    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local command= first= skip= resource= choices= index word arguments=0\n"
          "    local valued=' ",
          out);
    print_options_of(out, COMMAND_GLOBAL, true);
    fputs("' options='", out);
    print_options_of(out, COMMAND_GLOBAL, false);
    fputs("'\n"
          "    local -a server=()\n"
          "    COMPREPLY=()\n"
          "    for ((index = 1; index < COMP_CWORD; index++)); do\n"
          "        word=${COMP_WORDS[index]}\n"
          "        if [[ -n $skip ]]; then\n"
          "            [[ $skip == -b || $skip == --bootstrap ]] && server=(-b \"$word\")\n"
          "            skip=\n"
          "        elif [[ $valued == *\" $word \"* ]]; then\n"
          "            skip=$word\n"
          "        elif [[ $word == -* ]]; then\n"
          "            :\n"
          "        elif [[ -n $command ]]; then\n"
          "            ((arguments++ == 0)) && resource=$word\n"
          "        else\n"
          "            first=${first:+$first }$word\n"
          "            case $first in\n",
          out);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        fprintf(out, "            '%s') command=$first valued+='", COMMANDS[id].words);
        print_options_of(out, id, true);
        fputs("' options+='", out);
        print_options_of(out, id, false);
        fputs("' ;;\n", out);
    }
    fputs("            esac\n"
          "        fi\n"
          "    done\n",
          out);
}

/* What the value of the option before may be. */
static void print_bash_values(FILE *out)
{
    fputs("    if [[ -n $skip ]]; then\n"
          "        case \"$command:$previous\" in\n",
          out);
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const struct option_spec *option = &OPTIONS[i];
        if (option->type != OPTION_CHOICE && option->type != OPTION_FILE) {
            continue;
        }
        bool is_global = option->command == COMMAND_GLOBAL;
        const char *command = is_global ? "" : COMMANDS[option->command].words;
        fprintf(out, "        %s'%s:--%s'", is_global ? "*" : "", command, option->name);
        if (option->short_name != 0) {
            fprintf(out, " | %s'%s:-%c'", is_global ? "*" : "", command, option->short_name);
        }
        if (option->type == OPTION_FILE) {
            fputs(") COMPREPLY=($(compgen -f -- \"$current\")) ;;\n", out);
        } else {
            fputs(") choices='", out);
            print_choices(out, option->value);
            fputs("' ;;\n", out);
        }
    }
    fputs("        esac\n"
          "    elif [[ $current == -* ]]; then\n"
          "        choices=$options\n"
          "    elif [[ -z $command ]]; then\n"
          "        case $first in\n"
          "        '') choices='",
          out);
    print_next_words(out, NULL);
    fputs("' ;;\n", out);
    for (size_t i = 0; i < COMMAND_GROUPS_COUNT; i++) {
        fprintf(out, "        %s) choices='", COMMAND_GROUPS[i].word);
        print_next_words(out, COMMAND_GROUPS[i].word);
        fputs("' ;;\n", out);
    }
    fputs("        esac\n", out);
}

static const char *bash_arguments(enum argument_kind kind)
{
    switch (kind) {
    case ARGUMENT_TOPIC:
        return "choices=$(" ASK_TOPICS " \"${server[@]}\" 2>/dev/null)";
    case ARGUMENT_RESOURCE:
        return "case $arguments:$resource in 0:*) choices='topic broker' ;; "
               "1:topic) choices=$(" ASK_TOPICS " \"${server[@]}\" 2>/dev/null) ;; "
               "1:broker) choices=default ;; esac";
    case ARGUMENT_FILE:
        return "COMPREPLY=($(compgen -f -- \"$current\"))";
    case ARGUMENT_SHELL:
        return "((arguments == 0)) && choices='bash zsh'";
    case ARGUMENT_COMMAND:
        return "choices=''";
    case ARGUMENT_NONE:
    case ARGUMENT_NEW:
        return ":";
    default:
        ASSERT(false);
        return "";
    }
}

void completion_print_bash(FILE *out)
{
    fputs("# bash completion of rollway, printed by 'rollway completion bash'\n"
          "_rollway() {\n",
          out);
    print_bash_walk(out);
    print_bash_values(out);
    fputs("    else\n"
          "        case $command in\n",
          out);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (COMMANDS[id].argument_kind == ARGUMENT_COMMAND) {
            fprintf(out, "        '%s') choices='", COMMANDS[id].words);
            print_next_words(out, NULL);
            fputs("' ;;\n", out);
        } else {
            fprintf(out, "        '%s') %s ;;\n", COMMANDS[id].words,
                    bash_arguments(COMMANDS[id].argument_kind));
        }
    }
    fputs("        esac\n"
          "    fi\n"
          "    [[ -n $choices ]] && COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
          "    return 0\n"
          "}\n"
          "complete -o filenames -F _rollway rollway\n",
          out);
}

/* Text inside single quotes of zsh, where _arguments gives a meaning to brackets and colons. */
static void print_zsh_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", out);
            continue;
        }
        if (strchr("[]:\\", *text) != NULL) {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

/* What follows an option in a specification of _arguments: message and action. */
static void print_zsh_value(FILE *out, const struct option_spec *option)
{
    if (option->type == OPTION_FLAG) {
        return;
    }
    fputc(':', out);
    print_zsh_text(out, option->value);
    fputc(':', out);
    if (option->type == OPTION_FILE) {
        fputs("_files", out);
    } else if (option->type == OPTION_CHOICE) {
        fputc('(', out);
        print_choices(out, option->value);
        fputc(')', out);
    }
}

static void print_zsh_options(FILE *out, enum command_id owner, const char *indent)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const struct option_spec *option = &OPTIONS[i];
        if (option->command != owner) {
            continue;
        }
        for (int form = 0; form < (option->short_name != 0 ? 2 : 1); form++) {
            fprintf(out, "%s'%s", indent, option->is_repeatable ? "*" : "");
            if (form == 0) {
                fprintf(out, "--%s[", option->name);
            } else {
                fprintf(out, "-%c[", option->short_name);
            }
            print_zsh_text(out, option->sentence);
            fputc(']', out);
            print_zsh_value(out, option);
            fputs("'\n", out);
        }
    }
}

static const char *zsh_arguments(enum argument_kind kind)
{
    switch (kind) {
    case ARGUMENT_TOPIC:
        return "'*:topic:_rollway_topics'";
    case ARGUMENT_RESOURCE:
        return "'1:type:(topic broker)' '2:name:_rollway_topics'";
    case ARGUMENT_FILE:
        return "'*:file:_files'";
    case ARGUMENT_SHELL:
        return "'1:shell:(bash zsh)'";
    case ARGUMENT_COMMAND:
        return "'*:command:'";
    case ARGUMENT_NEW:
        return "'*:name:'";
    case ARGUMENT_NONE:
        return "";
    default:
        ASSERT(false);
        return "";
    }
}

/* The list of what may come next, for _describe. */
static void print_zsh_next(FILE *out, const char *group)
{
    size_t size = group != NULL ? strlen(group) : 0;
    fputs("        words_known=(\n", out);
    for (size_t i = 0; group == NULL && i < COMMAND_GROUPS_COUNT; i++) {
        fprintf(out, "            '%s:", COMMAND_GROUPS[i].word);
        print_zsh_text(out, COMMAND_GROUPS[i].sentence);
        fputs("'\n", out);
    }
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const char *words = COMMANDS[id].words;
        bool is_here = group == NULL ? strchr(words, ' ') == NULL
                                     : strncmp(words, group, size) == 0 && words[size] == ' ';
        if (is_here) {
            fprintf(out, "            '%s:", group == NULL ? words : words + size + 1);
            print_zsh_text(out, COMMANDS[id].summary);
            fputs("'\n", out);
        }
    }
    fputs("        )\n"
          "        _describe command words_known\n",
          out);
}

/* Completes what follows a command: the command's words go, so that _arguments sees only that. */
static void print_zsh_command(FILE *out, enum command_id id)
{
    bool has_two = strchr(COMMANDS[id].words, ' ') != NULL;
    fprintf(out, "    '%s'%s)\n        options=(\n", COMMANDS[id].words, has_two ? "" : "\\ *");
    print_zsh_options(out, id, "            ");
    fprintf(out,
            "        )\n"
            "        words=(rollway \"${(@)words[places[%d]+1,-1]}\")\n"
            "        ((CURRENT -= places[%d] - 1))\n"
            "        _arguments $global $options %s\n"
            "        ;;\n",
            has_two ? 2 : 1, has_two ? 2 : 1, zsh_arguments(COMMANDS[id].argument_kind));
}

static void print_zsh_start(FILE *out)
{
    fputs("#compdef rollway\n"
          "# zsh completion of rollway, printed by 'rollway completion zsh'\n"
          "_rollway_topics() {\n"
          "    local -a names\n"
          "    names=(${(f)\"$(" ASK_TOPICS " 2>/dev/null)\"})\n"
          "    compadd -a names\n"
          "}\n"
          "_rollway() {\n"
          "    local -a global options words_known given places\n"
          "    local index skip\n"
          "    global=(\n",
          out);
    print_zsh_options(out, COMMAND_GLOBAL, "        ");
    fputs("    )\n"
          "    for ((index = 2; index < CURRENT; index++)); do\n"
          "        if [[ -n $skip ]]; then\n"
          "            skip=\n"
          "        elif [[ ' ",
          out);
    print_options_of(out, COMMAND_GLOBAL, true);
    fputs("' == *\" ${words[index]} \"* ]]; then\n"
          "            skip=1\n"
          "        elif [[ ${words[index]} != -* ]]; then\n"
          "            given+=(${words[index]})\n"
          "            places+=($index)\n"
          "        fi\n"
          "    done\n"
          "    case \"${given[1]} ${given[2]}\" in\n",
          out);
}

void completion_print_zsh(FILE *out)
{
    print_zsh_start(out);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        print_zsh_command(out, id);
    }
    for (size_t i = 0; i < COMMAND_GROUPS_COUNT; i++) {
        fprintf(out, "    '%s '*)\n", COMMAND_GROUPS[i].word);
        print_zsh_next(out, COMMAND_GROUPS[i].word);
        fputs("        ;;\n", out);
    }
    fputs("    *)\n", out);
    print_zsh_next(out, NULL);
    fputs("        ;;\n"
          "    esac\n"
          "}\n"
          "if [[ ${funcstack[1]} == _rollway ]]; then\n"
          "    _rollway \"$@\"\n"
          "else\n"
          "    compdef _rollway rollway\n"
          "fi\n",
          out);
}
