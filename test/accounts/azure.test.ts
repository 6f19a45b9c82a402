import { azureStorage } from '../../src/storage/azure/index.js';
import { describeAccount, describeWithAccount } from './account.js';

describeWithAccount('VARVE_TEST_AZURE_URL', (url, setting) => {
  const connectionString = setting('VARVE_TEST_AZURE_CONNECTION_STRING') ?? '';
  describeAccount('azure', url, azureStorage({ connectionString }));
});
