// A web server on single addresses of the farm, to be killed.

import http from 'node:http';

for (const address of process.argv.slice(2)) {
  http
    .createServer((_request, response) => response.end('Test Page\n'))
    .listen(80, address, () => process.stdout.write(`listening ${address}\n`));
}
