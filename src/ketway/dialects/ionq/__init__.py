"""What the versions of IonQ's API share. No dialect by itself: each version has a folder of its own
beside this one, and imports from here."""
