"""The client of the AWS article, on Amazon's own SDK: it connects with a will, says hello, sleeps, and is gone without DISCONNECT.

Written for lwtop's tests from what the article tells; the article's script makes the same calls.
"""

import argparse
import json
import os
import sys
import time

from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTClient

parser = argparse.ArgumentParser()
parser.add_argument("-e", "--endpoint", required=True)
parser.add_argument("-r", "--rootCA", required=True)
parser.add_argument("-c", "--cert", required=True)
parser.add_argument("-k", "--key", required=True)
parser.add_argument("-p", "--port", type=int, default=8883)
parser.add_argument("-id", "--clientId", default="basicPubSub")
parser.add_argument("-t", "--topic", default="sdk/test/Python")
parser.add_argument("-m", "--mode", choices=["publish"], default="publish")
parser.add_argument("-s", "--sleep", type=float, default=1.0)
options = parser.parse_args()

client = AWSIoTMQTTClient(options.clientId)
client.configureEndpoint(options.endpoint, options.port)
client.configureCredentials(options.rootCA, options.key, options.cert)
client.configureConnectDisconnectTimeout(10)
client.configureMQTTOperationTimeout(10)
reported = {"last_will": "yes", "trigger_action": "on", "client_id": options.clientId}
client.configureLastWill("/last/will/topic", json.dumps({"state": {"reported": reported}}), 0)

if not client.connect(30):
    sys.exit("not connected")
hello = json.dumps({"message": "AWS IoT Thing connected message to IoT Core"})
if not client.publish(options.topic, hello, 1):
    sys.exit("not published")
print("Published topic %s: %s" % (options.topic, hello), flush=True)
time.sleep(options.sleep)
# Past everything that could still say goodbye.
os._exit(0)
