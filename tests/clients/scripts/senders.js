// One sender of events to the collector: `node senders.js FOLDER SENDER PORT TOKEN INDEX`, its packages below FOLDER.
const path = require("path");

const [folder, sender, port, token, index] = process.argv.slice(2);
const needs = (name) => require(path.join(folder, "node_modules", name));
const messages = ['first "quoted" message', "second Üü \\ message"];
const config = { token, host: "127.0.0.1", port: Number(port), protocol: "https", source: sender, index };

function fail(error) {
  console.error(error);
  process.exit(1);
}

const senders = {
  "splunk-logging": () => {
    const { Logger } = needs("splunk-logging");
    const logger = new Logger({ ...config, maxBatchCount: 0 });
    logger.error = fail;
    for (const message of messages) {
      logger.send({ message, metadata: { source: sender, index }, severity: "warn" });
    }
    logger.flush((error, response, body) => (error || body.code !== 0) && fail(error || body));
  },
  "splunk-bunyan-logger": () => {
    const bunyan = needs("bunyan");
    const stream = needs("splunk-bunyan-logger").createStream(config);
    stream.on("error", fail);
    const logger = bunyan.createLogger({ name: "trial", streams: [stream] });
    messages.forEach((message) => logger.warn({ source: sender, index }, message));
  },
  "winston-splunk-httplogger": () => {
    const winston = needs("winston");
    const Transport = needs("winston-splunk-httplogger");
    const transport = new Transport({ splunk: config });
    transport.on("error", fail);
    const logger = winston.createLogger({ transports: [transport] });
    messages.forEach((message) => logger.warn(message));
  },
};

senders[sender]();
