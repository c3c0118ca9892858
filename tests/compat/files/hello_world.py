"""The script that the script_execution playbooks load."""


def main(name="World", count=1):
    count = int(count)
    messages = [f"Hello, {name}! ({number} of {count})" for number in range(1, count + 1)]
    return {"status": "success", "messages": messages, "total_greetings": count, "script_source": "file"}
