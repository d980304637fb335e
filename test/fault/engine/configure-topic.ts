import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';

/** Sets configs of a topic, as operators do. */
export async function configureTopic(brokers: string[], topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
  const admin = new Admin({ clientId: 'walhook-suite', bootstrapBrokers: brokers, retries: 20, retryDelay: 100 });
  try {
    const changes = Object.entries(configs).map(([name, value]) => ({ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }));
    await admin.incrementalAlterConfigs({ resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs: changes }] });
  } finally {
    await admin.close();
  }
}
