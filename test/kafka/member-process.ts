import { joinGroup } from '../../src/kafka/group.ts';
import { RecordingMember } from './recording-member.ts';

/** A member of a group in a process of its own, to be killed. Says `joined` once it has something. */
const [brokers = '', group = '', topic = ''] = process.argv.slice(2);
const member = new RecordingMember();
joinGroup({
  cluster: { brokers: [brokers], tls: null, sasl: null }, group, topics: [topic], clientId: 'killed', session: 3000, patience: 2000,
  from: 'earliest', exclusive: true, member, onLoss: () => {},
});
await member.until(({ told }) => told.length > 0);
console.log(member.told[0]);
