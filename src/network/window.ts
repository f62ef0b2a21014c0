// How many bytes of one connection may be on their way in one direction. One stream through a delay makes at most
// window / delay, as TCP does: 8 MiB through 50 ms are 160 MB/s. What is beyond it is not read, so the sender feels it.
export const WINDOW_BYTES = 8 * 2 ** 20;
