import type {
  createTopicsV7, describeConfigsV4, describeGroupsV5, fetchV17, findCoordinatorV6, heartbeatV4, initProducerIdV5, joinGroupV9, leaveGroupV5, listOffsetsV9, offsetCommitV9, offsetFetchV9,
  produceV11, syncGroupV5,
} from '@platformatic/kafka';

/** The requests that are made of a broker, by their names in the protocol: the library gives all versions of one the same shape. */
export interface Requests {
  CreateTopics: { readonly args: createTopicsV7.CreateTopicsRequest; readonly answer: createTopicsV7.CreateTopicsResponse };
  DescribeConfigs: { readonly args: describeConfigsV4.DescribeConfigsRequest; readonly answer: describeConfigsV4.DescribeConfigsResponse };
  DescribeGroups: { readonly args: describeGroupsV5.DescribeGroupsRequest; readonly answer: describeGroupsV5.DescribeGroupsResponse };
  Fetch: { readonly args: fetchV17.FetchRequest; readonly answer: fetchV17.FetchResponse };
  FindCoordinator: { readonly args: findCoordinatorV6.FindCoordinatorRequest; readonly answer: findCoordinatorV6.FindCoordinatorResponse };
  Heartbeat: { readonly args: heartbeatV4.HeartbeatRequest; readonly answer: heartbeatV4.HeartbeatResponse };
  InitProducerId: { readonly args: initProducerIdV5.InitProducerIdRequest; readonly answer: initProducerIdV5.InitProducerIdResponse };
  JoinGroup: { readonly args: joinGroupV9.JoinGroupRequest; readonly answer: joinGroupV9.JoinGroupResponse };
  LeaveGroup: { readonly args: leaveGroupV5.LeaveGroupRequest; readonly answer: leaveGroupV5.LeaveGroupResponse };
  ListOffsets: { readonly args: listOffsetsV9.ListOffsetsRequest; readonly answer: listOffsetsV9.ListOffsetsResponse };
  OffsetCommit: { readonly args: offsetCommitV9.OffsetCommitRequest; readonly answer: offsetCommitV9.OffsetCommitResponse };
  /** Before version 8 there is one group in an answer, and no list of groups. */
  OffsetFetch: { readonly args: offsetFetchV9.OffsetFetchRequest; readonly answer: Partial<offsetFetchV9.OffsetFetchResponse & Pick<offsetFetchV9.OffsetFetchResponseGroup, 'topics'>> };
  Produce: { readonly args: produceV11.ProduceRequest; readonly answer: produceV11.ProduceResponse };
  SyncGroup: { readonly args: syncGroupV5.SyncGroupRequest; readonly answer: syncGroupV5.SyncGroupResponse };
}

export type Args<Name extends keyof Requests> = Requests[Name]['args'];
export type Answer<Name extends keyof Requests> = Requests[Name]['answer'];
