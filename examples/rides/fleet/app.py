"""GET /fleet -> 200 {"Unicorns": [{Name, Color, Motto}]}"""

import json
import os

UNICORNS = [
    {"Name": name, "Color": color, "Motto": motto}
    for name, color, motto in json.loads(os.environ["FLEET"])
]


def handler(event, context):
    return {
        "statusCode": 200,
        "headers": {
            "Access-Control-Allow-Origin": "*",
            "Content-Type": "application/json",
        },
        "body": json.dumps({"Unicorns": sorted(UNICORNS, key=lambda unicorn: unicorn["Name"])}),
    }
