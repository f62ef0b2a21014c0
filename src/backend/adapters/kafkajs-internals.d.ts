// The one internal of kafkajs that is touched, see kafka.ts.
declare module "kafkajs/src/network/requestQueue/index.js" {
  class RequestQueue {
    pending: readonly unknown[];
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}
