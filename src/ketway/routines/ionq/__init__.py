"""IonQ's hybrid jobs: circuits that a loop runs, and the loop with them."""
