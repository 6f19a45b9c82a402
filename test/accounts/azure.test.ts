import { describeAccount, describeWithAccount } from './account.js';

describeWithAccount('VARVE_TEST_AZURE_URL', (url, setting) => {
  const token = setting('VARVE_TEST_AZURE_TOKEN');
  const connectionString = setting('VARVE_TEST_AZURE_CONNECTION_STRING') ?? '';
  const way = token === undefined ? { connectionString } : { token };
  describeAccount('azure', url, { kind: 'azure', ...way });
});
