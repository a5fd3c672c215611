"""Messages of sources that send by themselves: kept before they are acknowledged, collected per visit later."""
