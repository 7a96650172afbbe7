// A process that is killed while one of its threads waits in the kernel for a lock that a request of its own mount holds
// (fuse_lowlevel_notify_inval_*) keeps /dev/fuse open: nobody answers the request, so the thread never ends, and every
// client waits for ever. Only an abort through fusectl helps (Documentation/filesystems/fuse.rst), and only another
// process can do it. It needs no memory of its own: nothing is called here but the kernel.
#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char name[] = "persist-abort";
/// fusectl's `abort` of the connection. What is written to it after the connection's end goes nowhere.
static int connection = -1;

static void parent_died(int number) {
    (void)number;
    if (connection >= 0 && write(connection, "1", 1) < 0) _exit(1);
    _exit(0);
}

/// What ps and pkill see is not the daemon.
static void rename_process(void) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
    char buffer[4096];
    size_t length = 0;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) > 0;) length += count;
    close(fd);
    if (length < sizeof name) return;
    memset(program_invocation_name, 0, length);
    memcpy(program_invocation_name, name, sizeof name);
}

/// As root also where fusectl is not mounted (fsopen(2), fsmount(2) with their flags of close-on-exec).
static int open_abort(const char *number) {
    char path[64] = "/sys/fs/fuse/connections/";
    size_t start = strlen(path);
    strcat(strcat(path, number), "/abort");
    int found = open(path, O_WRONLY | O_CLOEXEC);
    if (found >= 0) return found;
    int filesystem = syscall(SYS_fsopen, "fusectl", 1);
    if (filesystem < 0) return -1;
    int mount = -1;
    // FSCONFIG_CMD_CREATE
    if (syscall(SYS_fsconfig, filesystem, 6, NULL, NULL, 0) == 0) mount = syscall(SYS_fsmount, filesystem, 1, 0);
    close(filesystem);
    if (mount < 0) return -1;
    found = openat(mount, path + start, O_WRONLY | O_CLOEXEC);
    close(mount);
    return found;
}

static _Noreturn void run(pid_t parent, int reading) {
    dup2(reading, 0);
    close_range(1, ~0U, 0);
    // The daemon ends by other signals than its group may get, and says so by its end.
    sigset_t blocked;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGRTMAX);
    struct sigaction action = {.sa_handler = parent_died};
    if (sigaction(SIGRTMAX, &action, NULL) != 0) _exit(1);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    rename_process();
    prctl(PR_SET_PDEATHSIG, SIGRTMAX);
    if (getppid() != parent || chdir("/") != 0) _exit(1);
    char number[16] = {0};
    if (read(0, number, sizeof number - 1) <= 0) _exit(0);
    connection = open_abort(number);
    if (connection < 0) _exit(1);
    while (read(0, number, 1) > 0) {}
    _exit(0);
}

int clinux_start_aborter(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    pid_t parent = getpid();
    pid_t child = _Fork();
    if (child == 0) run(parent, ends[0]);
    int error = errno;
    close(ends[0]);
    if (child > 0) return ends[1];
    close(ends[1]);
    return -error;
}
