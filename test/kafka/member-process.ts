import { joinGroup } from '../../src/kafka/group.ts';
import { RecordingMember } from './recording-member.ts';

/** A member of a group in a process of its own, to be killed or suspended. Says a line for whatever it is told, and how a commit goes when it is lost. */
const [brokers = '', group = '', topic = ''] = process.argv.slice(2);

class TellingMember extends RecordingMember {
  override async lost(): Promise<void> {
    await super.lost();
    const { assignment } = this;
    console.log(`lost, lease ${assignment.leaseUntil < performance.now() ? 'over' : 'held'}, commit ${await assignment.commit([9n, 9n, 9n]).then(() => 'done', (error: { code: string }) => error.code)}`);
  }
}

const member = new TellingMember();
joinGroup({
  cluster: { brokers: [brokers], tls: null, sasl: null }, group, topics: [topic], clientId: 'killed', session: 3000, patience: 2000,
  from: 'earliest', exclusive: true, member, onLoss: () => {},
});
for (let told = 0; ; told++) {
  await member.until((of) => of.told.length > told);
  console.log(member.told[told]);
}
