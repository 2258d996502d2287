"""The words in which questions are asked, by kind; those held out from training stand apart. Truth is elsewhere."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "count", "exists", "list", "largest", "colour", "colour_count", "colours", "related", "related_count",
    "related_list",
    "relation", "compare", "area", "outline", "more_in", "unknown", "abstain", "describe",
]  # fmt: skip
"""What is asked for; each kind has one shortest plan. `describe`: what a model must look at, trained for it."""

# {s} singular, {p} plural, {a} singular with its article; {s2} … the second label; {c} a colour; {r} a relation.
PHRASES: dict[Kind, tuple[str, ...]] = {
    "count": (
        "How many {p} are there?", "How many {p} are in the image?", "How many {p} can you see?", "Count the {p}.",
        "What is the number of {p}?", "How many {p} does the picture show?", "Tell me how many {p} there are.",
        "Number of {p}?", "Please count the {p} in this picture.", "How many {p} do you see here?",
        "Give me the number of {p} in the photo.", "How many {p}?", "I want to know how many {p} are shown.",
        "Can you count the {p}?", "How many {p} appear in this scene?", "count of {p}",
        "Find out how many {p} are present.", "How many {p} has the image got?",
        "How many {p} are in this picture?", "The number of {p}, please.", "Do you know how many {p} there are?",
        "What is the total of {p}?", "Work out the number of {p} in the scene.", "There are how many {p}?",
        "What's the {s} count?", "How many {p} am I looking at?", "How many individual {p} are there?",
        "I need the number of {p}.",
        "How many {p} would you count?", "Tally the {p}.", "What quantity of {p} is there?",
        "How many {p} made it into the picture?", "Let me know the number of {p}.",
        "Could you tell me how many {p} you can spot?", "I see some {p}. How many exactly?",
        "How large is the number of {p}?",
    ),
    "exists": (
        "Is there {a}?", "Is there {a} in the image?", "Are there any {p}?", "Can you see {a}?", "Do you see any {p}?",
        "Does the picture show {a}?", "Is {a} present?", "Does this image contain {a}?", "Are any {p} in the photo?",
        "Is there {a} anywhere?", "Check whether there is {a}.", "Tell me if there is {a} here.",
        "Is {a} visible in this scene?", "Do any {p} appear?", "Any {p} in this picture?",
        "Does the photo include {a}?",
        "Does the scene have {a}?", "Are there {p}?", "Look for {a}. Is there one?",
        "I am looking for {a}. Is it here?", "Are {p} in the picture?", "Do we have {a} here?",
        "Is {a} part of the scene?", "Is {a} among the objects?", "Have you found {a}?", "Is there {a} or not?",
        "Does {a} appear anywhere?",
        "I wonder whether there is {a}.", "Can {a} be spotted?", "Could there be {a} in the picture?",
        "Is the image showing {a}?", "Do you notice {a}?", "Are {p} shown?",
        "Did you spot any {p}?",
    ),
    "list": (
        "What is in the image?", "What can you see?", "What objects are there?", "List everything in the picture.",
        "What does the picture show?", "Which things are in this photo?", "Name the objects in the scene.",
        "What do you see here?", "Tell me what is in the picture.", "Which objects appear in the image?",
        "List all the objects.", "What is shown here?", "Give me a list of what is in the image.",
        "What are the contents?",
        "Which objects are here?", "Describe what is in the picture.", "Everything you see, please.",
        "Give me all the objects.", "What kinds of things are in the picture?", "Enumerate the objects.",
        "What is there in the photo?", "What is in this scene?", "Can you list the contents of the image?",
        "Which things do you recognise?", "What is this a picture of?",
        "Make an inventory of the picture.", "Give an overview of the objects.", "What objects do you detect?",
        "Run through everything in the image.", "What items are visible?", "Tell me about the objects in this image.",
        "Which items does the photo contain?", "What all is in there?",
    ),
    "largest": (
        "What is the largest {s}?", "Which {s} is the biggest?", "What is the biggest {s} in the image?",
        "Find the largest {s}.", "Which is the largest {s} here?", "Show me the biggest {s}.",
        "What {s} is largest in the picture?", "Which {s} takes up the most space?", "Tell me the biggest {s}.",
        "Of the {p}, which is the largest?", "Name the largest {s} in the scene.", "Pick out the biggest of the {p}.",
        "Which {s} is bigger than all the others?", "Name the largest {s} in the photo.", "Which {s} is largest?",
        "Biggest {s}?", "Which {s} looks biggest?", "I want to know the largest {s}.",
        "Which {s} has the largest area?", "Do you know which {s} is the biggest?",
        "What is the largest {s} by size?", "Tell me which {s} is the largest.", "Which of all the {p} is biggest?",
        "Among the {p}, what is the largest?", "Identify the biggest {s}.",
        "Which {s} stands out by its size?", "Of all the {p}, which one is the biggest?",
        "Could you name the biggest {s}?", "Which {s} covers the most pixels?",
        "Which one of the {p} is the most sizeable?", "Whose size is the greatest among the {p}?",
    ),
    "colour": (
        "What colour is the {s}?", "What color is the {s}?", "Which colour does the {s} have?",
        "Tell me the colour of the {s}.",
        "What is the colour of the {s}?", "What is the {s}'s color?", "The {s} is what colour?",
        "Name the color of the {s}.",
        "What color does the {s} have?", "Which color is the {s} in the image?", "Can you tell the colour of the {s}?",
        "colour of the {s}?",
        "Is the {s} red, blue or what colour?", "Which colour has the {s}?", "I want to know the colour of the {s}.",
        "Please name the colour of the {s}.", "What is the main colour of the {s}?", "What colour does the {s} show?",
        "How is the {s} coloured?", "What colour do you see on the {s}?", "Give me the color of the {s}.",
        "What colour is the {s} in this picture?",
        "Do you know the colour of the {s}?", "What shade is the {s}?", "Could you say what color the {s} has?",
        "Of what colour is the {s}?", "The {s}, what color is it?", "Find out the colour of the {s}.",
    ),
    "colours": (
        "What colours do the {p} have?", "What are the colours of the {p}?", "Which colors are the {p}?",
        "List the colours of the {p}.", "Tell me the colors of all {p}.", "What colours are the {p} in the image?",
        "Name the colours of the {p}.", "Give the color of each {s}.",
        "What color are the {p}?", "What colour is each {s}?", "Which colours do you see on the {p}?",
        "Tell me what colours the {p} have.", "What are the colors of all the {p}?", "How are the {p} coloured?",
        "What colour are the {p} in the photo?", "Find the colours of the {p}.",
        "Give me all the colours of the {p}.", "What is the color of every {s}?", "Which colour has each {s}?",
        "What colours can be seen on the {p}?", "Which different colours do the {p} show?",
        "For each {s}, what is the colour?", "Which shades do the {p} have?", "Could you tell the colours of the {p}?",
    ),
    "colour_count": (
        "How many {c} {p} are there?", "How many of the {p} are {c}?", "Count the {c} {p}.",
        "How many {c} {p} are in the image?", "What is the number of {c} {p}?", "How many {p} are {c}?",
        "How many {c} {p} can you see?", "Tell me how many {c} {p} there are.", "Number of {c} {p}?",
        "How many {p} have the colour {c}?", "Please count the {c} {p} in this picture.",
        "How many {p} of the colour {c} are there?", "The number of {c} {p}, please.", "How many {c} {p}?",
        "How many {p} in {c} are there?", "Do you know how many {p} are {c}?", "Count all {p} that are {c}.",
        "How many {c} {p} does the picture show?", "Give me the number of {c} {p}.",
        "How many {c}-coloured {p} are here?", "Find out how many {p} are {c}.", "There are how many {c} {p}?",
        "How many {p} happen to be {c}?", "Out of the {p}, how many are {c}?", "Tally the {c} {p}.",
        "How many {p} with the colour {c} do you see?", "I want the number of {c} {p}.",
        "Could you tell me how many {p} are {c}?",
    ),
    "related": (
        "Is the {s} {r} the {s2}?", "Is there {a} {r} the {s2}?", "Can you see {a} {r} the {s2}?",
        "Does {a} appear {r} the {s2}?",
        "Is {a} {r} the {s2} in the image?", "Tell me if the {s} is {r} the {s2}.", "Is any {s} {r} the {s2}?",
        "Check whether the {s} is {r} the {s2}.", "Is it true that the {s} is {r} the {s2}?",
        "In the picture, is the {s} {r} the {s2}?", "Do you see {a} {r} the {s2}?",
        "Is {a} {r} the {s2}?", "Are there any {p} {r} the {s2}?", "Can {a} be found {r} the {s2}?",
        "Is the {s} placed {r} the {s2}?", "Would {a} be {r} the {s2}?", "Is there any {s} {r} the {s2} here?",
        "Does the picture show {a} {r} the {s2}?", "The {s} is {r} the {s2}, right?",
        "Is the {s} really {r} the {s2}?", "Look {r} the {s2}: is there {a}?",
        "Is the position of the {s} {r} the {s2}?", "Do you find the {s} {r} the {s2}?",
        "Can you confirm that the {s} is {r} the {s2}?", "Could the {s} be {r} the {s2}?",
        "I think the {s} is {r} the {s2}. Is it?", "Is it the case that the {s} is {r} the {s2}?",
        "Verify that the {s} is {r} the {s2}.", "Am I right that {a} is {r} the {s2}?",
        "Are we seeing {a} {r} the {s2}?",
    ),
    "related_count": (
        "How many {p} are {r} the {s2}?", "Count the {p} {r} the {s2}.", "How many {p} can you see {r} the {s2}?",
        "What is the number of {p} {r} the {s2}?", "How many {p} are there {r} the {s2}?",
        "Tell me how many {p} are {r} the {s2}.", "Number of {p} {r} the {s2}?",
        "How many of the {p} are {r} the {s2}?",
        "Please count the {p} that are {r} the {s2}.",
        "How many {p} are placed {r} the {s2}?", "How many {p} do you see {r} the {s2}?",
        "Give me the number of {p} {r} the {s2}.", "Find out how many {p} are {r} the {s2}.",
        "How many {p} appear {r} the {s2}?", "{r} the {s2}, how many {p} are there?",
        "There are how many {p} {r} the {s2}?", "What is the count of {p} {r} the {s2}?",
        "How many {p} has the image {r} the {s2}?", "Do you know how many {p} are {r} the {s2}?",
        "How many {p} would I find {r} the {s2}?", "Tally the {p} {r} the {s2}.",
        "What quantity of {p} is {r} the {s2}?", "I need the number of {p} {r} the {s2}.",
        "Out of the {p}, how many are {r} the {s2}?", "Could you tell me how many {p} are located {r} the {s2}?",
    ),
    "related_list": (
        "What is {r} the {s2}?", "Which things are {r} the {s2}?", "What can you see {r} the {s2}?",
        "List everything {r} the {s2}.", "Name the objects {r} the {s2}.", "What objects are {r} the {s2}?",
        "Tell me what is {r} the {s2}.", "Which objects stand {r} the {s2}?", "What do you find {r} the {s2}?",
        "What is there {r} the {s2}?", "What do you see {r} the {s2}?", "Which objects are {r} the {s2}?",
        "Give me everything {r} the {s2}.", "What things are {r} the {s2}?", "Find all objects {r} the {s2}.",
        "Which objects do you see {r} the {s2}?", "What appears {r} the {s2}?", "{r} the {s2}, what is there?",
        "What is placed {r} the {s2}?", "Tell me everything {r} the {s2}.",
        "Which items are located {r} the {s2}?", "Name everything {r} the {s2}.",
        "I want to know what is {r} the {s2}.", "What else is {r} the {s2}?",
        "Could you tell me which objects are {r} the {s2}?", "Make a list of what is {r} the {s2}.",
    ),
    "relation": (
        "Where is the {s} relative to the {s2}?", "How is the {s} placed relative to the {s2}?",
        "What is the position of the {s} relative to the {s2}?", "Where is the {s} compared to the {s2}?",
        "Where does the {s} stand relative to the {s2}?", "Describe where the {s} is relative to the {s2}.",
        "What is the relation between the {s} and the {s2}?", "How are the {s} and the {s2} related in space?",
        "In what spatial relation is the {s} to the {s2}?", "Tell me where the {s} is in relation to the {s2}.",
        "Where is the {s}, seen against the {s2}?", "On which side of the {s2} is the {s}?",
        "Where do I find the {s} relative to the {s2}?", "How does the {s} relate to the {s2} in position?",
        "Give the position of the {s} relative to the {s2}.", "Where is the {s} in relation to the {s2}?",
        "How are the {s} and the {s2} arranged?", "What is the spatial relation of the {s} and the {s2}?",
        "In which direction from the {s2} is the {s}?", "Where is the {s} with regard to the {s2}?",
        "What is the placement of the {s} relative to the {s2}?",
        "Locate the {s} relative to the {s2}.", "How is the {s} positioned with the {s2} as reference?",
        "Tell me the position of the {s} compared with the {s2}.",
        "Taking the {s2} as the reference, where is the {s}?", "In relation to the {s2}, where is the {s}?",
        "Relative to the {s2}, where does the {s} sit?", "From the {s2}, in which direction is the {s}?",
        "With the {s2} as the starting point, where is the {s}?", "If you stand at the {s2}, where is the {s}?",
    ),
    "compare": (
        "Are there more {p} than {p2}?", "Do you see more {p} than {p2}?",
        "Is the number of {p} greater than that of {p2}?",
        "Does the image show more {p} than {p2}?", "Are the {p} more numerous than the {p2}?",
        "Can you see more {p} than {p2}?", "Tell me if there are more {p} than {p2}.", "Is it more {p} than {p2}?",
        "Check whether there are more {p} than {p2}.", "Are more {p} than {p2} in the picture?",
        "Are {p} more common than {p2} here?", "Does the scene contain more {p} than {p2}?", "More {p} than {p2}?",
        "Is there a larger number of {p} than of {p2}?", "Do you count more {p} than {p2}?",
        "Compare the {p} and the {p2}: are there more {p}?", "Are there fewer {p2} than {p}?",
        "Is it true that there are more {p} than {p2}?", "In the image, are there more {p} than {p2}?",
        "Are the {p} in the majority over the {p2}?",
        "Would you say there are more {p} than {p2}?", "Are there more of the {p} than of the {p2}?",
        "Is it right that {p} are more frequent than {p2}?", "I think there are more {p} than {p2}. Am I right?",
        "Do we have more {p} than {p2}?", "Are the {p2} fewer in number than the {p}?",
        "When you count both, are there more {p} than {p2}?", "Is the number of {p} larger than the number of {p2}?",
        "Do the {p} appear more often than the {p2}?", "Can we say that there are more {p} than {p2}?",
    ),
    "area": (
        "How much of the image does the {s} cover?", "What share of the picture does the {s} take?",
        "How much of the picture is covered by the {s}?", "What percentage of the image is the {s}?",
        "How large a part of the photo does the {s} cover?", "What fraction of the image does the {s} fill?",
        "Tell me what percentage of the picture the {s} covers.", "How much area does the {s} take up?",
        "What percent of the image does the {s} occupy?", "How big a share of the scene is the {s}?",
        "How big is the {s} relative to the image?", "What share of the image is {s}?",
        "How much space does the {s} take?", "How much of the photo is the {s}?",
        "Measure the share of the image that the {s} covers.", "What percentage of the scene does the {s} fill?",
        "How large is the {s}, in percent of the picture?", "What portion of the image does the {s} take up?",
        "The {s} covers how much of the image?", "What is the area of the {s} as a share of the image?",
        "What is the {s}'s share of the picture?", "By area, how much of the picture is the {s}?",
        "Give me the {s}'s coverage of the image in percent.", "What proportion of the photo is the {s}?",
        "Estimate how much of the frame the {s} fills.", "How much of the whole does the {s} make up?",
    ),
    "outline": (
        "Outline the {p}.", "Segment the {p}.", "Draw the outline of every {s}.", "Give me masks of the {p}.",
        "Mark the pixels of each {s}.", "Segment every {s} in the image.", "Show the exact shape of the {p}.",
        "Make a mask for each {s}.", "Please outline all {p}.", "Cut out the {p}.",
        "Show me the outline of the {p}.", "Draw around each {s}.", "I need masks for the {p}.",
        "Find the exact pixels of the {p}.", "Give the shape of every {s}.", "Create masks for all {p}.",
        "Do a segmentation of the {p}.", "Which pixels belong to the {p}?", "Mark the shape of each {s}.",
        "Please segment the {p}.",
        "Provide segmentation masks for the {p}.", "Let me see the contours of the {p}.", "I want each {s} outlined.",
        "Highlight the exact area of every {s}.", "Give me the contour of each {s}.",
        "Separate the {p} from the background.", "Can you outline the {p}?", "Could you segment the {p}?",
        "Can you mask every {s}?", "Would you draw the outlines of the {p}?", "Please mask the {p}.",
        "Could you cut the {p} out?",
    ),
    "more_in": (
        "Which image has more {p}?", "In which picture are more {p}?", "Which picture shows more {p}?",
        "Which of the two images has more {p}?", "Where are more {p}, in the first or the second image?",
        "Tell me which image contains more {p}.", "Which photo has the most {p}?",
        "In which image can you see more {p}?",
        "Which one of the pictures has more {p}?",
        "Which of both images shows more {p}?", "Are there more {p} in the first or in the second picture?",
        "Which picture has the larger number of {p}?", "Compare the images: which has more {p}?",
        "Which image contains the most {p}?", "Where are the most {p}?", "Which photo shows more {p}?",
        "Tell me which picture has more {p}.", "In which of the images are there more {p}?",
        "Which image is the one with more {p}?",
        "Between the two images, which has more {p}?", "Which of these images shows the larger number of {p}?",
        "Is it the first or the second picture that has more {p}?", "Tell me where there are more {p}.",
        "Which image is richer in {p}?", "Count the {p} in both pictures: which has more?",
        "Which of img-1 and img-2 has more {p}?", "Are there more {p} in img-1 or in img-2?",
    ),
    "unknown": (),
    "abstain": (
        "What will the weather be tomorrow?", "Who took this picture?", "What time is it now?",
        "How old is the photographer?",
        "What is the capital of France?", "Write me a poem about the sea.", "What was I thinking when I took this?",
        "How much does the {s} cost?", "What is the name of the {s}'s owner?", "Where was this photo taken?",
        "When was this picture made?", "Translate hello into Spanish.", "What song is playing?",
        "What does the {s} smell like?",
        "Who won the match yesterday?", "What is 17 times 23?", "Is the {s} happy with its life?",
        "Book me a flight to Rome.",
        "What happened before this picture?", "What will the {s} do next?", "Tell me a joke.", "Who is the president?",
        "How heavy is the {s} in kilograms?", "What is the meaning of life?", "Which camera was used?",
        "What is my email address?", "How do I cook rice?", "What is the {s} called?", "Will it snow this evening?",
        "What did the {s} eat this morning?", "Send this picture to my mother.", "What is the price of bitcoin?",
        "How warm is it in this place?", "Does the {s} speak English?", "What is the best film of last year?",
        "Who designed the {s}?", "Is the stock market up today?", "Set an alarm for six.", "How fast can the {s} run?",
        "What is the {s} thinking?", "How much did this photo cost?", "Is it Monday today?",
        "Who is the owner of this place?", "Which country is this?", "How long has the {s} been here?",
        "What sound does the {s} make right now?", "Can you pay my bill?", "What is the square root of 144?",
        "Which book should I read?", "Is the {s} older than me?", "Did the {s} sleep well?", "What is your name?",
        "Who will win the election?", "How many stars are in the galaxy?", "Remind me to buy milk.",
        "What did I do yesterday?", "Is this {s} for sale?", "Where will the {s} be tomorrow?",
        "Explain gravity to me.", "What language do they speak there?", "Order a pizza for me.",
        "How many calories has the {s}?",
        "Is it going to be sunny this weekend?", "Recommend a restaurant nearby.", "What is on television tonight?",
        "Convert ten miles to kilometres.", "Who is the {s} waiting for?", "How many days are in a year?",
        "What is my name?", "Will prices rise?", "How tall is the {s} in metres?", "Who invented the telephone?",
        "Can you hear the {s}?", "Turn off the lights.", "How many emails do I have?", "How far away is the moon?",
        "How many cars are sold every year?", "Which team is the best?", "How many fish are in the sea?",
        "Why is the {s} here?", "What does the word {s} mean?", "What do you think of my {s}?",
        "How many {p} exist in the world?", "What is the Latin name of the {s}?", "Wake me up at seven.",
        "Where can I buy {a}?", "How many {p} does my neighbour have?", "What is the history of this place?",
        "How many people work in London?", "How many inhabitants has Tokyo?", "How many {p} are there in Japan?",
        "How many children are born every day?", "How many birds fly over Africa?", "How many {p} live in Canada?",
        "How many people have seen this picture?", "How many houses were built in Rome last year?",
        "How many boats cross the Atlantic?", "How many {p} did you see yesterday?", "How many people like {p}?",
        "Is there {a} in Paris?", "What do people think of {p}?", "Is the {s} younger than my sister?",
        "What do you feel when you see the {s}?", "Do you like this {s}?", "Is the {s} cleverer than me?",
        "How many {p} are born every year?", "How many people are in the next room?", "What colour is my car?",
    ),
}  # fmt: skip

HELD_OUT: dict[Kind, tuple[str, ...]] = {
    "count": (
        "What number of {p} can be seen?", "How many {p} have been drawn here?", "Say how many {p} the scene holds.",
        "Could you count up all the {p}?",
    ),
    "exists": (
        "Does {a} show up in this picture?", "Might there be {a} in the scene?", "Would I find {a} here?",
        "Is at least one {s} to be seen?",
    ),
    "list": (
        "What things does this scene hold?", "Which objects can be found in this picture?", "Say what there is to see.",
    ),
    "largest": (
        "Which of the {p} is the largest one?", "What's the biggest {s} we can see?",
        "Point out the {s} with the greatest size.",
    ),
    "colour": (
        "What colour would you say the {s} is?", "In which colour is the {s} painted?", "Say which color the {s} is.",
    ),
    "colours": ("In which colours do the {p} come?", "Say what colours the {p} are."),
    "colour_count": (
        "What number of {p} are {c}?", "Say how many {c} {p} the scene holds.", "Could you count up the {c} {p}?",
    ),
    "related": (
        "Would you say the {s} is {r} the {s2}?", "Does the {s} stand {r} the {s2}?",
        "Has the picture got {a} {r} the {s2}?",
    ),
    "related_count": ("What number of {p} stand {r} the {s2}?", "Say how many {p} there are {r} the {s2}."),
    "related_list": ("Which things can be found {r} the {s2}?", "Say what stands {r} the {s2}."),
    "relation": ("As seen from the {s2}, where is the {s}?", "How does the {s} lie with respect to the {s2}?"),
    "compare": ("Do the {p} outnumber the {p2}?", "Is the count of {p} higher than the count of {p2}?"),
    "area": ("How many percent of the picture belong to the {s}?", "What part of the scene is taken by the {s}?"),
    "outline": ("Trace the shape of each {s}.", "Could you mask out the {p}?"),
    "more_in": ("Of the two pictures, which holds more {p}?", "Where do I find more {p}, in img-1 or in img-2?"),
    "unknown": (),
    "abstain": (
        "Will it rain next week?", "Who painted this?", "What year was the {s} bought?", "Can you call a taxi for me?",
        "How many people live in Berlin?", "What does the {s} think of me?", "Play some music.", "Why did I come here?",
    ),
}  # fmt: skip

UNKNOWN_LABELS: tuple[str, ...] = (
    "giraffe", "tiger", "lion", "zebra", "helicopter", "laptop", "phone", "shoe", "bottle", "table", "lamp", "window",
    "dragon",
    "spider", "frog", "shark", "whale", "tractor", "rocket", "piano", "drum", "hammer", "pencil", "scissors", "camera",
    "television", "fork", "spoon", "plate", "mountain", "bridge", "castle", "crab", "goat", "wolf", "deer", "kangaroo",
    "robot", "microscope", "trumpet", "candle", "vase", "mirror", "carpet", "kettle", "belt", "glove", "scarf", "sword",
    "shield", "crown", "necklace", "statue", "fountain", "windmill", "lighthouse", "anchor", "telescope", "lizard",
    "octopus", "hamster", "otter", "flamingo", "pillow", "bucket", "stapler", "zipper", "igloo", "volcano", "trophy",
)  # fmt: skip
HELD_OUT_UNKNOWN: tuple[str, ...] = ("camel", "violin", "tent", "ladder", "squirrel", "submarine", "wallet", "hedgehog")

RELATIONS: dict[str, tuple[str, ...]] = {
    "left_of": ("left of", "to the left of", "on the left side of", "on the left of"),
    "right_of": ("right of", "to the right of", "on the right side of", "on the right of"),
    "above": ("above", "over", "higher than"),
    "below": ("below", "under", "beneath", "lower than"),
    "near": ("near", "close to", "next to", "beside"),
}
"""Relation to its phrasings; those that questions ask about."""

SAID: dict[str, str] = {
    "left_of": "left of", "right_of": "right of", "above": "above", "below": "below", "near": "near",
    "inside": "inside", "overlaps": "overlapping",
}  # fmt: skip

_PLURALS = {
    "person": "people", "mouse": "mice", "sheep": "sheep", "fish": "fish", "bus": "buses", "couch": "couches",
    "butterfly": "butterflies", "cactus": "cacti", "bread": "loaves of bread", "fruit": "fruits",
    "food": "pieces of food",
    "furniture": "pieces of furniture", "box": "boxes",
}  # fmt: skip
_SINGULARS = {"bread": "loaf of bread", "food": "piece of food", "furniture": "piece of furniture"}


def plural(label: str) -> str:
    """The label for more than one: `dogs`, `people`."""
    return _PLURALS.get(label, f"{label}s")


def singular(label: str) -> str:
    """The label for one, as it stands after an article or a number."""
    return _SINGULARS.get(label, label)


def with_article(label: str) -> str:
    """The label with its indefinite article: `an owl`."""
    word = singular(label)
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def counted(number: int, label: str) -> str:
    """A number of things in words: `no dogs`, `1 dog`, `3 dogs`."""
    return f"{number or 'no'} {singular(label) if number == 1 else plural(label)}"
