#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

static int apply(int fd, int command, int64_t offset, short type, struct flock *out) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    if (fcntl(fd, command, &lock) != 0) return errno;
    if (out) *out = lock;
    return 0;
}

int clinux_lock_byte(int fd, int64_t offset, bool exclusive) {
    return apply(fd, F_OFD_SETLK, offset, exclusive ? F_WRLCK : F_RDLCK, 0);
}

int clinux_unlock_byte(int fd, int64_t offset) { return apply(fd, F_OFD_SETLK, offset, F_UNLCK, 0); }

int clinux_byte_is_locked(int fd, int64_t offset) {
    struct flock found;
    int error = apply(fd, F_OFD_GETLK, offset, F_WRLCK, &found);
    return error ? -error : found.l_type != F_UNLCK;
}

int clinux_bytes_are_locked(int fd, int64_t offset) {
    struct flock found = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 0};
    return fcntl(fd, F_OFD_GETLK, &found) != 0 ? -errno : found.l_type != F_UNLCK;
}

int64_t clinux_filesystem_type(const char *path) {
    struct statfs found;
    return statfs(path, &found) == 0 ? (int64_t)(uint32_t)found.f_type : -(int64_t)errno;
}

int clinux_punch(int fd, int64_t offset, int64_t count) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count) == 0 ? 0 : errno;
}

void clinux_start_writing(int fd, int64_t offset, int64_t count) {
    (void)sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

void clinux_prefer_large_pages(void *start, size_t count) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)start + page - 1) & ~(page - 1), last = ((uintptr_t)start + count) & ~(page - 1);
    if (first < last) (void)madvise((void *)first, last - first, MADV_HUGEPAGE);
}

int clinux_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int clinux_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int clinux_cpus(void) {
    cpu_set_t cpus;
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
}

static _Thread_local void *slot;
void clinux_set_thread_slot(void *value) { slot = value; }
void *clinux_thread_slot(void) { return slot; }

int clinux_take_blocks(int fd, int64_t offset, int64_t count) {
    for (;;) {
        if (fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, count) == 0) return 0;
        if (errno != EINTR) return errno;
    }
}

int clinux_fuse_expire_entry(int device, uint64_t parent, const void *name, uint32_t length) {
    // fuse_notify_inval_entry_out; headers before 6.2 have no name for its flags, nor for this one.
    struct {
        struct fuse_out_header header;
        uint64_t parent;
        uint32_t length, flags;
    } told = {{.error = FUSE_NOTIFY_INVAL_ENTRY}, parent, length, 1};
    struct iovec parts[] = {{&told, sizeof told}, {(void *)name, length}, {"", 1}};
    told.header.len = sizeof told + length + 1;
    return writev(device, parts, 3) < 0 ? -errno : 0;
}
