"""Labelled images and transcripts: reading them in the formats people keep them in, checking, splitting."""
