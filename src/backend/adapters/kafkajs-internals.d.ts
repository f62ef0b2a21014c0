// The internals of kafkajs that are touched, see kafka.ts.
declare module "kafkajs/src/network/requestQueue/index.js" {
  class RequestQueue {
    pending: readonly unknown[];
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}

declare module "kafkajs/src/broker/index.js" {
  export interface Member {
    groupId: string;
    memberId: string;
    groupGenerationId: number;
  }
  class Broker {
    heartbeat(member: Member): Promise<void>;
  }
  export default Broker;
}

declare module "kafkajs/src/cluster/index.js" {
  interface Logger {
    namespace(): Logger;
    error(message: string): void;
    warn(message: string): void;
    info(message: string): void;
    debug(message: string): void;
  }
  class Cluster {
    constructor(options: {
      brokers: readonly string[];
      clientId: string;
      connectionTimeout: number;
      requestTimeout: number;
      enforceRequestTimeout: boolean;
      metadataMaxAge: number;
      allowAutoTopicCreation: boolean;
      retry: { retries: number };
      isolationLevel: number;
      logger: Logger;
      socketFactory: import("kafkajs").ISocketFactory;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    fetchTopicsOffset(
      topics: readonly { topic: string; partitions: readonly { partition: number }[]; fromBeginning: boolean }[],
    ): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>;
  }
  export default Cluster;
}
