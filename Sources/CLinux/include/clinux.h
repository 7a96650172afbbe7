// What Linux offers and Glibc's module map for Swift does not: macros and variadic calls.
#ifndef CLINUX_H
#define CLINUX_H

#include <malloc.h>
#include <stdbool.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/xattr.h>

/// Takes the open-file-description lock on one byte (fcntl F_OFD_SETLK). 0, or errno: EAGAIN where another has it.
int clinux_lock_byte(int fd, int64_t offset, bool exclusive);
/// Gives the byte back. 0, or errno.
int clinux_unlock_byte(int fd, int64_t offset);
/// Whether somebody else holds a lock that an exclusive one on this byte would meet: 1, 0, or -errno.
int clinux_byte_is_locked(int fd, int64_t offset);
/// The same of all bytes from this one on.
int clinux_bytes_are_locked(int fd, int64_t offset);
/// statfs(2)'s f_type of the filesystem that `path` is on, or -errno.
int64_t clinux_filesystem_type(const char *path);
/// fallocate(2) that leaves the file's size as it is: 0, or errno.
int clinux_take_blocks(int fd, int64_t offset, int64_t count);
/// fallocate(2) that gives the blocks of a range back and leaves the file's size as it is: 0, or errno.
int clinux_punch(int fd, int64_t offset, int64_t count);
/// sync_file_range(2): the disk is given what has been written, and nobody waits for it.
void clinux_start_writing(int fd, int64_t offset, int64_t count);
/// madvise(2): memory that is about to be filled whole comes in large pages, where the system has them for who asks.
void clinux_prefer_large_pages(void *start, size_t count);
/// rename(2) to a name that is not there yet: 0, or errno, EEXIST where it is.
int clinux_rename_new(const char *from, const char *to);
/// Names the calling thread (prctl PR_SET_NAME); at most 15 bytes show.
void clinux_name_thread(const char *name);
/// eventfd(2), close on exec; -errno on failure.
int clinux_eventfd(void);
/// How many CPUs the calling thread may run on; 1 where that cannot be found out.
int clinux_cpus(void);
/// A slot of the calling thread, for whom it works now. One per process.
void clinux_set_thread_slot(void *value);
void *clinux_thread_slot(void);
/// Tells the kernel that a name of a FUSE directory may be another's by now: whoever comes to it next asks. -errno on
/// failure. FUSE_NOTIFY_INVAL_ENTRY with FUSE_EXPIRE_ONLY (linux/fuse.h): libfuse 3.14 and later ones differ in how their
/// call for it looks. Before Linux 6.2 the name is dropped.
int clinux_fuse_expire_entry(int device, uint64_t parent, const void *name, uint32_t length);
/// Starts a child that aborts a FUSE connection when the calling thread ends, which it does not outlive; see aborter.c.
/// The end of a pipe, for the number of the connection; its end ends the child. -errno on failure.
int clinux_start_aborter(void);

#endif
