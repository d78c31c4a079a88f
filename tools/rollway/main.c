/* rollway: the command line. Exit codes: 0 done, 1 something failed, 2 it makes no sense. */
#include <stdlib.h>
#include <unistd.h>

#include "tools/rollway/program.h"

int main(int count, char **words)
{
    size_t given = count > 0 ? (size_t)count - 1 : 0;
    return program_run(given, words + 1, getenv, STDIN_FILENO, stdout, stderr);
}
